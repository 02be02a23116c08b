"""What the engine keeps of a provider: its import path, and nothing else."""

from __future__ import annotations

import base64
import pickle

import pytest
from pulumi.dynamic import dynamic

from resources.engine.provider import Provider
from resources.ml.batch_prediction_job import BatchPredictionJobProvider
from resources.ml.default_version import DefaultVersionProvider
from resources.ml.model import ModelProvider
from resources.ml.traffic_split import TrafficSplitProvider
from resources.ml.version import VersionProvider
from resources.stack import IdentityProvider
from resources.storage.bucket import BucketProvider
from resources.storage.saved_model import SavedModelProvider
from resources.vertex.deployed_model import DeployedModelProvider
from resources.vertex.endpoint import EndpointProvider
from resources.vertex.jobs.batch_prediction_job import BatchPredictionJobProvider as VertexJobProvider
from resources.vertex.model import ModelProvider as VertexModelProvider
from resources.vertex.model_version import ModelVersionProvider
from resources.vertex.monitoring.model_monitoring_job import ModelMonitoringJobProvider
from resources.vertex.pools.resource_pool import DeploymentResourcePoolProvider
from resources.vertex.traffic_split import TrafficSplitProvider as VertexTrafficSplitProvider
from tests.providers import all_providers

PERSISTED = {
    ModelProvider: b"resources.ml.model ModelProvider",
    VersionProvider: b"resources.ml.version VersionProvider",
    DefaultVersionProvider: b"resources.ml.default_version DefaultVersionProvider",
    TrafficSplitProvider: b"resources.ml.traffic_split TrafficSplitProvider",
    BatchPredictionJobProvider: b"resources.ml.batch_prediction_job BatchPredictionJobProvider",
    ModelVersionProvider: b"resources.vertex.model_version ModelVersionProvider",
    VertexModelProvider: b"resources.vertex.model ModelProvider",
    EndpointProvider: b"resources.vertex.endpoint EndpointProvider",
    DeployedModelProvider: b"resources.vertex.deployed_model DeployedModelProvider",
    VertexTrafficSplitProvider: b"resources.vertex.traffic_split TrafficSplitProvider",
    DeploymentResourcePoolProvider: (b"resources.vertex.pools.resource_pool DeploymentResourcePoolProvider"),
    ModelMonitoringJobProvider: b"resources.vertex.monitoring.model_monitoring_job ModelMonitoringJobProvider",
    VertexJobProvider: b"resources.vertex.jobs.batch_prediction_job BatchPredictionJobProvider",
    BucketProvider: b"resources.storage.bucket BucketProvider",
    SavedModelProvider: b"resources.storage.saved_model SavedModelProvider",
    IdentityProvider: b"resources.stack IdentityProvider",
}


@pytest.mark.parametrize(("kind", "path"), PERSISTED.items(), ids=lambda item: getattr(item, "__name__", ""))
def test_a_pickled_provider_is_its_import_path(kind: type[Provider], path: bytes) -> None:
    """The state of every stack holds it: a class that is renamed or moved would leave old stacks without a provider."""
    pickled = base64.b64decode(dynamic.serialize_provider(kind()))
    module, name = path.split()

    assert module in pickled
    assert name in pickled
    assert len(pickled) < 100
    assert vars(pickle.loads(pickled)) == {}  # noqa: S301 - pickled two lines above


@pytest.mark.parametrize("kind", PERSISTED, ids=lambda kind: kind.__name__)
def test_a_provider_is_no_secret(kind: type[Provider]) -> None:
    """A secret provider would be encrypted anew at every run, and hide what changes."""
    assert kind.serialize_as_secret_always is False


def test_every_provider_is_held_here() -> None:
    """One that is added is looked at too."""
    assert all_providers() == set(PERSISTED)


def test_data_in_a_provider_would_be_seen() -> None:
    """What an instance holds is in the pickle, and there again when it is read."""
    provider = ModelProvider()
    vars(provider)["data"] = "planted"
    pickled = base64.b64decode(dynamic.serialize_provider(provider))

    assert b"planted" in pickled
    assert vars(pickle.loads(pickled)) != {}  # noqa: S301 - pickled two lines above
