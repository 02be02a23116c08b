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

_ALL = (BUCKET, SAVED_MODEL, MODEL, VERSION, DEFAULT_VERSION, TRAFFIC_SPLIT, BATCH_PREDICTION_JOB)

KINDS = {kind.name: kind for kind in _ALL}
"""Name -> kind; what another one needs comes before it."""
