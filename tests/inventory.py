"""All resources of a project on an emulator, in a form that two projects can be compared by."""

from __future__ import annotations

import json
import re
from typing import Any

from resources.schema.labels import LABEL
from resources.vertex.fields.batch_prediction_job import JOB_LABEL
from tests.running import RunningEmulator

State = dict[str, Any]
_VERSION = ("versionId", "displayName", "description", "versionDescription", "versionAliases", "labels", "artifactUri")
_MONITORED = ("displayName", "labels", "logTtl", "modelDeploymentMonitoringObjectiveConfigs")
_HASHED = (LABEL, JOB_LABEL)
"""Labels with hashes of the project's name, among others."""
_RESULTS = re.compile(r"/prediction-[^/]+Z/")
"""Results of a batch job on Vertex AI: each run writes into a folder of its own, and what was written stays."""
_PLACE, _CLAIMS = "PROJECT", ".claims/"


def inventory(emulator: RunningEmulator, project: str) -> State:
    """What the APIs list of buckets, `ml` and Vertex AI, with running operations, without the project's name."""
    ml = emulator.ml().projects()
    models = ml.models().list(parent=f"projects/{project}").execute().get("models", [])
    operations = ml.operations().list(name=f"projects/{project}", pageSize=100).execute().get("operations", [])
    found = {
        "buckets": _buckets(emulator, project),
        "models": [{**_pick(model, "description", "labels", "regions"), **_versions(ml, model)} for model in models],
        "running": [item["name"] for item in operations if not item.get("done")],
        "vertex": _vertex(emulator, project),
    }
    unnamed: State = json.loads(json.dumps(found).replace(project, _PLACE))
    return unnamed


def _buckets(emulator: RunningEmulator, project: str) -> list[State]:
    storage = emulator.storage()
    buckets = storage.buckets().list(project=project).execute().get("items", [])
    for bucket in buckets:
        items = storage.objects().list(bucket=bucket["name"], versions=True).execute().get("items", [])
        bucket["objects"] = [item for item in items if not _RESULTS.search(item["name"])]
    names = ("labels", "location", "versioning")
    for item in (item for bucket in buckets for item in bucket["objects"] if item["name"].startswith(_CLAIMS)):
        item["name"] = f"{item['name'].rpartition('/')[0]}/CLAIM"  # a digest of the stack's identity, which is random
    return [
        {**_pick(bucket, *names), "objects": [_pick(item, "name", "size", "crc32c") for item in bucket["objects"]]}
        for bucket in buckets
    ]


def _versions(ml: Any, model: State) -> State:
    versions = ml.models().versions().list(parent=model["name"]).execute().get("versions", [])
    names = ("name", "state", "autoScaling", "manualScaling", "labels", "description", "deploymentUri")
    default = model.get("defaultVersion") or {}
    return {"default": default.get("name", ""), "versions": [_pick(version, *names) for version in versions]}


def _vertex(emulator: RunningEmulator, project: str) -> State:
    """Everything in the region that the tests of Vertex AI use."""
    locations, place = emulator.vertex().projects().locations(), f"projects/{project}/locations/us-central1"
    models = locations.models().list(parent=place).execute().get("models", [])
    endpoints = locations.endpoints().list(parent=place).execute().get("endpoints", [])
    pools = locations.deploymentResourcePools().list(parent=place).execute().get("deploymentResourcePools", [])
    batches = locations.batchPredictionJobs().list(parent=place).execute().get("batchPredictionJobs", [])
    jobs = locations.modelDeploymentMonitoringJobs().list(parent=place).execute()
    operations = locations.operations().list(name=place, filter="done=false").execute().get("operations", [])
    listed = [locations.models().listVersions(name=model["name"]).execute()["models"] for model in models]
    names = ("displayName", "description", "labels", "trafficSplit", "clientConnectionConfig")
    return {
        "versions": [[_pick(each, *_VERSION) for each in versions] for versions in listed],
        "endpoints": [{**_pick(each, *names), "deployed": _deployed(each)} for each in endpoints],
        "pools": [_pick(each, "dedicatedResources", "disableContainerLogging") for each in pools],
        "jobs": [_pick(job, "displayName", "state", "model", "labels") for job in batches],
        "monitored": [_pick(each, *_MONITORED) for each in jobs.get("modelDeploymentMonitoringJobs", [])],
        "running": [item["name"] for item in operations],
    }


def _deployed(endpoint: State) -> list[State]:
    names = ("id", "modelVersionId", "dedicatedResources", "disableContainerLogging")
    return [_pick(each, *names) for each in endpoint.get("deployedModels", [])]


def _pick(item: State, *names: str) -> State:
    """The named fields; without the values of labels of the stack that differ between projects."""
    picked = {name: item[name] for name in names if name in item}
    if "labels" in picked:
        picked["labels"] = {key: "" if key in _HASHED else value for key, value in picked["labels"].items()}
    return picked
