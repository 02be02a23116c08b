"""Resource pools, monitoring jobs, and the migration of versions of `ml`."""

from __future__ import annotations

from typing import Any

import pytest

from gcp import errors
from tests.emulator.vertex.caller import SERVING, VertexCaller, refusal

pytestmark = pytest.mark.tensorflow


def test_a_pool_serves_models_with_prebuilt_images(vertex: VertexCaller) -> None:
    """Its replicas are patched in place, for what it serves too; in use it cannot be deleted."""
    pools = vertex.locations.deploymentResourcePools()
    wanted = {"dedicatedResources": {"minReplicaCount": 1}, "disableContainerLogging": True}
    body = {"deploymentResourcePoolId": "pool", "deploymentResourcePool": wanted}
    name = vertex.response(pools.create(parent=vertex.place, body=body).execute())["name"]
    endpoint, version = vertex.endpoint(), vertex.upload()
    custom = vertex.upload(uri=vertex.artifact(2.0, "n/1"), model={"containerSpec": SERVING})

    def deploy(model: str) -> Any:
        return vertex.deploy_call(endpoint, model, dedicatedResources=None, sharedResources=name, split={"0": 100})

    assert isinstance(refusal(deploy(custom)), errors.InvalidArgument)
    vertex.response(deploy(version).execute())
    assert vertex.predict(endpoint)["predictions"] == [2.0]
    assert isinstance(refusal(pools.delete(name=name)), errors.FailedPrecondition)
    patch = {"dedicatedResources": {"minReplicaCount": 2, "maxReplicaCount": 2}}
    mask = "dedicatedResources,disableContainerLogging"
    vertex.response(pools.patch(name=name, updateMask=mask, body=patch).execute())
    found = pools.get(name=name).execute()
    assert found["dedicatedResources"]["maxReplicaCount"] == 2
    assert "disableContainerLogging" not in found
    (deployed,) = pools.queryDeployedModels(deploymentResourcePool=name).execute()["deployedModels"]
    assert deployed["status"]["availableReplicaCount"] == 2
    vertex.undeploy_all()
    vertex.response(pools.delete(name=name).execute())
    assert pools.list(parent=vertex.place).execute() == {}


def test_a_pool_scales_to_zero_in_the_preview_alone(vertex: VertexCaller) -> None:
    """v1beta1 stores and answers the fields that only it has; v1 refuses a minimum of 0, and leaves them out."""
    beta = VertexCaller(vertex.emulator, vertex.project, version="v1beta1")
    pools = {each: each.locations.deploymentResourcePools() for each in (vertex, beta)}
    spec = {"idleScaledownPeriod": "300s", "minScaleupPeriod": "600s"}
    resources = {"maxReplicaCount": 2, "initialReplicaCount": 1, "scaleToZeroSpec": spec}
    body = {"deploymentResourcePoolId": "idle", "deploymentResourcePool": {"dedicatedResources": resources}}
    stable = {**body, "deploymentResourcePool": {"dedicatedResources": {"maxReplicaCount": 2}}}
    assert isinstance(refusal(pools[vertex].create(parent=vertex.place, body=stable)), errors.InvalidArgument)

    name = beta.response(pools[beta].create(parent=beta.place, body=body).execute())["name"]

    found = pools[beta].get(name=name).execute()["dedicatedResources"]
    assert {key: found.get(key) for key in resources} == resources
    hidden = {"initialReplicaCount", "scaleToZeroSpec"}
    listed = pools[vertex].list(parent=vertex.place).execute()["deploymentResourcePools"]
    for pool in (pools[vertex].get(name=name).execute(), *listed):
        assert hidden.isdisjoint(pool["dedicatedResources"])
    vertex.response(pools[vertex].delete(name=name).execute())


def test_a_monitoring_job_follows_deployed_models(vertex: VertexCaller) -> None:
    """It names deployed models of its endpoint, which shows it; it is changed by an operation, and paused at once."""
    endpoint = vertex.endpoint()
    id_ = vertex.deploy(endpoint, vertex.upload())
    jobs = vertex.locations.modelDeploymentMonitoringJobs()
    body: dict[str, Any] = {
        "displayName": "j",
        "endpoint": endpoint,
        "loggingSamplingStrategy": {"randomSampleConfig": {"sampleRate": 0.5}},
        "modelDeploymentMonitoringScheduleConfig": {"monitorInterval": "3600s"},
        "modelDeploymentMonitoringObjectiveConfigs": [{"deployedModelId": id_}],
    }
    wrong = {**body, "modelDeploymentMonitoringObjectiveConfigs": [{"deployedModelId": "1"}]}
    assert isinstance(refusal(jobs.create(parent=vertex.place, body=wrong)), errors.InvalidArgument)

    made = jobs.create(parent=vertex.place, body=body).execute()

    assert vertex.endpoints.get(name=endpoint).execute()["modelDeploymentMonitoringJob"] == made["name"]
    patch = jobs.patch(
        name=made["name"], updateMask="displayName,logTtl", body={"displayName": "k", "logTtl": "86400s"}
    )
    vertex.response(patch.execute())
    jobs.pause(name=made["name"], body={}).execute()
    found = jobs.get(name=made["name"]).execute()
    assert (found["displayName"], found["logTtl"], found["state"]) == ("k", "86400s", "JOB_STATE_PAUSED")
    fixed = jobs.patch(name=made["name"], updateMask="endpoint", body={})
    assert isinstance(refusal(fixed), errors.InvalidArgument)
    vertex.response(jobs.delete(name=made["name"]).execute())
    assert jobs.list(parent=vertex.place).execute() == {}


def test_versions_of_ml_become_models(vertex: VertexCaller) -> None:
    """A search finds them; a migration makes a model, which serves what the version served, and is remembered."""
    ml = vertex.files
    version = ml.version(ml.model("old"), "v1", 5.0)["name"]
    resources = vertex.locations.migratableResources()

    def search(text: str) -> list[dict[str, Any]]:
        body = {"filter": text, "pageSize": 10}
        found = resources.search(parent=vertex.place, body=body).execute()
        listed: list[dict[str, Any]] = found.get("migratableResources", [])
        return listed

    (found,) = search("ml_engine_model_version:* AND NOT last_migrate_time:*")
    assert found["mlEngineModelVersion"] == {"endpoint": "ml.googleapis.com", "version": version}
    assert search("last_migrate_time:*") == search("automl_model:*") == []
    config = {"endpoint": "ml.googleapis.com", "modelVersion": version, "modelDisplayName": "new"}
    body = {"migrateResourceRequests": [{"migrateMlEngineModelVersionConfig": config}]}
    operation = resources.batchMigrate(parent=vertex.place, body=body).execute()
    (made,) = vertex.response(operation)["migrateResourceResponses"]

    assert vertex.models.get(name=made["model"]).execute()["displayName"] == "new"
    assert len(search("last_migrate_time:*")) == 1
    endpoint = vertex.endpoint()
    vertex.deploy(endpoint, made["model"], split={"0": 100})
    assert vertex.predict(endpoint)["predictions"] == [5.0]
    unknown = {"migrateResourceRequests": [{"migrateMlEngineModelVersionConfig": {**config, "modelVersion": "x"}}]}
    assert isinstance(refusal(resources.batchMigrate(parent=vertex.place, body=unknown)), errors.NotFound)
