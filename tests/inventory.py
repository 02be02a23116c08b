"""All resources of a project on an emulator, in a form that two projects can be compared by."""

from __future__ import annotations

import json
from typing import Any

from tests.running import RunningEmulator

State = dict[str, Any]
_PLACE, _CLAIMS = "PROJECT", ".claims/"


def inventory(emulator: RunningEmulator, project: str) -> State:
    """Buckets, objects, models, versions and running operations as the API lists them, without the project's name."""
    ml = emulator.ml().projects()
    models = ml.models().list(parent=f"projects/{project}").execute().get("models", [])
    operations = ml.operations().list(name=f"projects/{project}", pageSize=100).execute().get("operations", [])
    found = {
        "buckets": _buckets(emulator, project),
        "models": [{**_pick(model, "description", "labels", "regions"), **_versions(ml, model)} for model in models],
        "running": [item["name"] for item in operations if not item.get("done")],
    }
    unnamed: State = json.loads(json.dumps(found).replace(project, _PLACE))
    return unnamed


def _buckets(emulator: RunningEmulator, project: str) -> list[State]:
    storage = emulator.storage()
    buckets = storage.buckets().list(project=project).execute().get("items", [])
    for bucket in buckets:
        bucket["objects"] = storage.objects().list(bucket=bucket["name"], versions=True).execute().get("items", [])
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


def _pick(item: State, *names: str) -> State:
    """The named fields; the value of the owner's label, which differs between projects, is left out."""
    picked = {name: item[name] for name in names if name in item}
    if "labels" in picked:
        picked["labels"] = {key: "" if "owner" in key else value for key, value in picked["labels"].items()}
    return picked
