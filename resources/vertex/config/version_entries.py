"""The versions of a model in a stack file: what is uploaded of each, and what is deployed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from resources.config import entries
from resources.config.shared_entries import UNKNOWN_URI, Served, SharedReader
from resources.schema import secrets, types
from resources.schema.types import Failure, join, table
from resources.storage.rules import MOST_BYTES, SERVING_FOLDER
from resources.vertex import names
from resources.vertex.config import serving_image
from resources.vertex.config.entries import REFUSED_OF_VERSIONS, VersionEntry, refusals
from resources.vertex.config.plan import Version, facts
from resources.vertex.fields.endpoint import DEPLOYED_MODEL
from resources.vertex.fields.model import MODEL_VERSION

_COMMON = ("timeouts",)
_UPLOADED = ("adopt", "allowDowntime", "labels")
_METRIC = "aiplatform.googleapis.com/prediction/online/"
_METRICS = {"CPU_USAGE": f"{_METRIC}cpu/utilization", "GPU_DUTY_CYCLE": f"{_METRIC}accelerator/duty_cycle"}
"""Names of a stack file's metrics -> those of Vertex AI."""
_RESOURCES, _CONTAINER = "dedicatedResources", "containerSpec"
_KEYS = {
    "name": "",
    "artifactUri": "artifact",
    "versionDescription": "description",
    "deployedModelId": "vertex.deployedModelId",
    "versionAliases": "vertex.versionAliases",
    f"{_CONTAINER}.imageUri": "container.image",
    f"{_CONTAINER}.predictRoute": "routes.predict",
    f"{_CONTAINER}.healthRoute": "routes.health",
    **{f"{_CONTAINER}.{name}": f"vertex.{name}" for name in serving_image.OPTIONS},
    _CONTAINER: "container",
    f"{_RESOURCES}.machineSpec.machineType": "machineType",
    f"{_RESOURCES}.machineSpec.acceleratorType": "acceleratorConfig.type",
    f"{_RESOURCES}.machineSpec.acceleratorCount": "acceleratorConfig.count",
    f"{_RESOURCES}.machineSpec": "vertex",
    f"{_RESOURCES}.minReplicaCount": "autoScaling.minNodes",
    f"{_RESOURCES}.maxReplicaCount": "autoScaling.maxNodes",
    _RESOURCES: "vertex",
}
"""A field of a resource -> the key of the version's entry that gives it, of the longest path that fits; or empty."""


class Reader:
    """Reads the versions of one model; failures are noted in the shared reader.

    Args:
        shared: the reader of the stack file.
        model: the model's entry, of the right types.
        place: project, location, model and endpoint.
        where: path of the model's entry.
    """

    def __init__(self, shared: SharedReader, model: Mapping[str, Any], place: Mapping[str, Any], where: str) -> None:
        self._shared, self._model, self._place, self._where = shared, model, place, where

    def versions(self) -> list[Version]:
        """The versions, the default first."""
        named, default = entries.mapping(self._model["versions"]), self._model["defaultVersion"]
        if default not in named:
            reason = f"{default!r} is not among its versions: {', '.join(named) or 'none'}"
            self._shared.note([(join(self._where, "defaultVersion"), reason)])
        found = [self._version(name, named[name]) for name in sorted(named, key=lambda key: key != default)]
        versions = [version for version in found if version]
        self._shared.note(self._same_ids(versions))
        return versions

    def _same_ids(self, versions: list[Version]) -> Iterator[Failure]:
        """Deployed models that would have one id. Those that are made of the versions differ."""
        taken: dict[str, str] = {}
        for version in versions:
            other = taken.setdefault(version.deployed_model_id, version.name)
            if other != version.name:
                where = f"{self._where}.versions.{version.name}.vertex.deployedModelId"
                yield where, f"is that of {other}, too: {version.deployed_model_id}"

    def _version(self, name: str, given: Any) -> Version | None:
        where, entry = f"{self._where}.versions.{name}", entries.mapping(given)
        self._shared.note((join(where, key), reason) for key, reason in refusals(entry, REFUSED_OF_VERSIONS))
        kept = {key: item for key, item in entry.items() if key not in REFUSED_OF_VERSIONS}
        wrong = list(types.failures(kept if isinstance(given, Mapping) else given, VersionEntry, where))
        wrong += [] if wrong else [(join(where, key), reason) for key, reason in _entry_failures(kept)]
        self._shared.note(wrong)
        if wrong:
            return None
        served = self._served(kept, where)
        uploaded, deployed = self._uploaded(name, kept, served, where), self._deployed(name, kept, served)
        self._shared.note(_under(MODEL_VERSION.program_failures(uploaded, where), where))
        checked = {**deployed, "modelVersionId": "1"}  # the service gives it
        self._shared.note(_under(DEPLOYED_MODEL.program_failures(checked, where), where))
        return Version(name=name, uploaded=uploaded, deployed=deployed, saved_model=served.saved_model)

    def _served(self, entry: Mapping[str, Any], where: str) -> Served:
        """What is known of the artifact; a stack's own lies in a numbered folder, as TensorFlow Serving wants it."""
        folder = SERVING_FOLDER
        return self._shared.served(entry["artifact"], entry.get("parameters"), where, MOST_BYTES, folder)

    def _uploaded(self, name: str, entry: Mapping[str, Any], served: Served, where: str) -> dict[str, Any]:
        options = table(entry, "vertex")
        spec, uri = self._container(entry, served, where)
        return facts(
            self._shared.shared_fields,
            {"adopt": self._model.get("adopt")},
            {key: entry.get(key) for key in (*_COMMON, *_UPLOADED)},
            {key: self._place[key] for key in ("project", "location", "model")},
            {"name": name, "artifactUri": uri, "containerSpec": spec},
            {"versionDescription": entry.get("description"), "versionAliases": options.get("versionAliases")},
            {"encryptionSpec": table(self._model, "vertex").get("encryptionSpec")},
            {"displayName": table(self._model, "vertex").get("displayName")},
        )

    def _container(self, entry: Mapping[str, Any], served: Served, where: str) -> tuple[dict[str, Any], str]:
        """The container, and the folder that it is given."""
        container, options = table(entry, "container"), table(entry, "vertex")
        if container:
            return serving_image.own(container, table(entry, "routes"), options), served.uri
        template = str(self._shared.values.get("servingImage") or "")
        if served.uri != UNKNOWN_URI:
            self._shared.note(serving_image.failures(template, served.tensorflow))
        parent = serving_image.parent_of_numbered(served.uri)
        if not parent and served.uri != UNKNOWN_URI:
            reason = "must end with a numbered folder, gs://BUCKET/MODEL/1/: TensorFlow Serving looks for one"
            self._shared.note([(join(where, "artifact"), reason)])
        address = serving_image.image(template, served.tensorflow, accelerated="acceleratorConfig" in entry)
        return serving_image.tensorflow_serving(address, options), parent or served.uri

    def _deployed(self, name: str, entry: Mapping[str, Any], served: Served) -> dict[str, Any]:
        options = table(entry, "vertex")
        logs = self._model.get("onlinePredictionConsoleLogging")
        inputs = facts(
            {key: entry.get(key) for key in (*_COMMON, "serviceAccount")},
            {key: self._place[key] for key in ("project", "location", "model", "endpoint")},
            {"version": name, "dedicatedResources": _resources(entry, options)},
            {"enableAccessLogging": self._model.get("onlinePredictionLogging")},
            {"disableContainerLogging": not logs},
        )
        parts = [DEPLOYED_MODEL.unchangeable(inputs), {"name": name, "uri": served.uri, **_again(options)}]
        listed = {path: str(value) for path, value in secrets.leaves(parts)}
        return {**inputs, "deployedModelId": options.get("deployedModelId") or names.deployed_model_id(listed)}


def _again(options: Mapping[str, Any]) -> dict[str, Any]:
    return {"redeploy": options["redeploy"]} if "redeploy" in options else {}


def _resources(entry: Mapping[str, Any], options: Mapping[str, Any]) -> dict[str, Any]:
    """DedicatedResources of a version: nodes of a stack file are replicas."""
    accelerator, auto = table(entry, "acceleratorConfig"), table(entry, "autoScaling")
    nodes = table(entry, "manualScaling").get("nodes")
    least = nodes or auto.get("minNodes") or 1
    metrics = [facts({"metricName": _METRICS[each["name"]]}, each) for each in auto.get("metrics") or []]
    for metric in metrics:
        del metric["name"]
    machine = facts(
        {"machineType": entry["machineType"]},
        {"acceleratorType": accelerator.get("type"), "acceleratorCount": accelerator.get("count")},
        {key: options.get(key) for key in ("gpuPartitionSize", "tpuTopology", "reservationAffinity")},
    )
    return facts(
        {"machineSpec": machine, "minReplicaCount": least, "maxReplicaCount": nodes or auto.get("maxNodes") or least},
        {"requiredReplicaCount": options.get("requiredReplicaCount"), "spot": options.get("spot")},
        {"autoscalingMetricSpecs": options.get("autoscalingMetricSpecs") or metrics or None},
    )


def _entry_failures(entry: Mapping[str, Any]) -> list[Failure]:
    """What is wrong with an entry whose types are right."""
    auto = table(entry, "autoScaling")
    found = list(serving_image.own_failures(entry))
    if auto.get("minNodes") == 0:
        found.append(("autoScaling.minNodes", "must be 1 or more: a deployed model on Vertex AI always has a replica"))
    if "autoScaling" in entry and "manualScaling" in entry:
        found.append(("manualScaling", "excludes autoScaling: give one of them"))
    if auto.get("metrics") and table(entry, "vertex").get("autoscalingMetricSpecs"):
        found.append(("vertex.autoscalingMetricSpecs", "excludes autoScaling.metrics: give one of them"))
    if str(entry.get("machineType", "")).startswith("mls1-"):
        found.append(("machineType", "Vertex AI has no mls1 machines, which cost nothing when idle: n1-standard-2"))
    return found


def _under(failures: Any, where: str) -> list[Failure]:
    """Under the keys of the stack file."""
    return [(_key_of(path.removeprefix(f"{where}."), where), reason) for path, reason in failures]


def _key_of(field: str, where: str) -> str:
    """The path of the key that gives a field of a resource."""
    for known in sorted(_KEYS, key=len, reverse=True):
        rest = field.removeprefix(known)
        if field.startswith(known) and rest[:1] in ("", ".", "["):
            return f"{join(where, _KEYS[known]) if _KEYS[known] else where}{rest}"
    return join(where, field)
