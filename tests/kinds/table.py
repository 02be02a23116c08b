"""All kinds of resources: one row each, which the tests of contract, changes, drift and faults share.

A further platform is a folder beside `ml`, whose kinds are added here.
"""

from __future__ import annotations

from tests.kinds.ml.batch_prediction_job import BATCH_PREDICTION_JOB
from tests.kinds.ml.default_version import DEFAULT_VERSION
from tests.kinds.ml.model import MODEL
from tests.kinds.ml.traffic_split import TRAFFIC_SPLIT
from tests.kinds.ml.version import VERSION
from tests.kinds.storage.bucket import BUCKET
from tests.kinds.storage.saved_model import SAVED_MODEL
from tests.kinds.vertex.batch_prediction_job import BATCH_PREDICTION_JOB as VERTEX_BATCH_PREDICTION_JOB
from tests.kinds.vertex.deployed_model import DEPLOYED_MODEL
from tests.kinds.vertex.endpoint import ENDPOINT
from tests.kinds.vertex.model import MODEL as VERTEX_MODEL
from tests.kinds.vertex.model_version import MODEL_VERSION
from tests.kinds.vertex.monitoring_job import MONITORING_JOB
from tests.kinds.vertex.resource_pool import RESOURCE_POOL
from tests.kinds.vertex.traffic_split import TRAFFIC_SPLIT as VERTEX_TRAFFIC_SPLIT

_STORAGE = (BUCKET, SAVED_MODEL)
_ML = (MODEL, VERSION, DEFAULT_VERSION, TRAFFIC_SPLIT, BATCH_PREDICTION_JOB)
_VERTEX = (
    *(MODEL_VERSION, VERTEX_MODEL, ENDPOINT, DEPLOYED_MODEL, VERTEX_TRAFFIC_SPLIT, RESOURCE_POOL, MONITORING_JOB),
    VERTEX_BATCH_PREDICTION_JOB,
)

KINDS = {kind.name: kind for kind in (*_STORAGE, *_ML, *_VERTEX)}
"""Name, `ml.Model` -> kind; what another one needs comes before it."""
