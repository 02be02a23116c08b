"""Reads the versions of a model in a stack file: what to upload and what to deploy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from resources.config import entries
from resources.config.shared_entries import UNKNOWN_URI, Served, SharedReader
from resources.runtimes.operations import newer_failure
from resources.schema import secrets, types
from resources.schema.types import Failure, join, table
from resources.storage.rules import MOST_BYTES, SERVING_FOLDER
from resources.vertex import names
from resources.vertex.config import field_keys, pool_entries, replicas, serving_image
from resources.vertex.config.entries import REFUSED_OF_VERSIONS, VersionEntry, refusals
from resources.vertex.config.plan import Pool, Version, facts
from resources.vertex.fields.endpoint import DEPLOYED_MODEL
from resources.vertex.fields.model import MODEL_VERSION

_COMMON = ("timeouts",)
_POOL = "resourcePool"
_UPLOADED = ("adopt", "allowDowntime", "labels")
_CONTAINER = "containerSpec"
_KEYS: field_keys.Keys = {
    **field_keys.PLACE,
    "name": "",
    "artifactUri": "artifact",
    "versionDescription": "description",
    "deployedModelId": "vertex.deployedModelId",
    "versionAliases": "vertex.versionAliases",
    f"{_CONTAINER}.imageUri": "container.image",
    f"{_CONTAINER}.predictRoute": "routes.predict",
    f"{_CONTAINER}.healthRoute": "routes.health",
    f"{_CONTAINER}.grpcPorts[0].containerPort": "vertex.grpcPort",
    **{f"{_CONTAINER}.{name}": f"vertex.{name}" for name in serving_image.OPTIONS},
    _CONTAINER: "container",
    "sharedResources": "vertex.resourcePool",
}


class Reader:
    """Reads the versions of one model; errors are added to the shared reader.

    Args:
        shared: the reader of the stack file.
        model: the model's entry; its types are already checked.
        pools: the pools that versions may run on, by name.
        place: project, location, model and endpoint.
        where: path of the model's entry.
    """

    def __init__(
        self,
        shared: SharedReader,
        model: Mapping[str, Any],
        pools: Mapping[str, Pool],
        place: Mapping[str, Any],
        where: str,
    ) -> None:
        self._shared, self._model, self._pools, self._place, self._where = shared, model, pools, place, where

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
        """Reports deployed models with the same id. Only ids that a user chose can collide; computed ones differ."""
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
        wrong += [] if wrong else [(join(where, key), reason) for key, reason in self._entry_failures(kept)]
        self._shared.note(wrong)
        if wrong:
            return None
        self._shared.warnings += replicas.warnings(kept, where)
        served = self._served(kept, where)
        uploaded, deployed = self._uploaded(name, kept, served, where), self._deployed(name, kept, served)
        checked = {**deployed, "modelVersionId": "1"}  # the service chooses it
        keys = {**_KEYS, **replicas.keys(kept)}
        if "container" not in kept:
            keys[f"{_CONTAINER}.imageUri"] = None  # of servingImage, whose errors the stack reports
        for schema, inputs in ((MODEL_VERSION, uploaded), (DEPLOYED_MODEL, checked)):
            self._shared.note(field_keys.renamed(schema.program_failures(inputs, where), where, keys))
        pool = table(kept, "vertex").get(_POOL, "")
        return Version(name=name, uploaded=uploaded, deployed=deployed, pool=pool, saved_model=served.saved_model)

    def _entry_failures(self, entry: Mapping[str, Any]) -> Iterator[Failure]:
        """Errors of an entry whose types are already checked."""
        yield from serving_image.own_failures(entry)
        if _POOL in table(entry, "vertex"):
            image = str(self._shared.values.get(serving_image.KEY) or "the stack's servingImage")
            yield from pool_entries.version_failures(entry, self._model, self._pools, image)
        else:
            yield from replicas.failures(entry)

    def _served(self, entry: Mapping[str, Any], where: str) -> Served:
        """What is known of the artifact. A stack's own is in a numbered folder, as TensorFlow Serving requires."""
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
        """The container, and the artifact folder that it loads."""
        container, options = table(entry, "container"), table(entry, "vertex")
        if container:
            self._judge_prebuilt(entry, served, join(where, "container.image"))
            return serving_image.own(container, table(entry, "routes"), options), served.uri
        template = str(self._shared.values.get(serving_image.KEY) or "")
        if served.uri != UNKNOWN_URI:
            self._shared.note(serving_image.failures(template, served.tensorflow))
        parent = serving_image.parent_of_numbered(served.uri)
        if not parent and served.uri != UNKNOWN_URI:
            reason = "must end with a numbered folder, gs://BUCKET/MODEL/1/: TensorFlow Serving looks for one"
            self._shared.note([(join(where, "artifact"), reason)])
        address = serving_image.image(template, served.tensorflow, accelerated="acceleratorConfig" in entry)
        return serving_image.tensorflow_serving(address, options), parent or served.uri

    def _judge_prebuilt(self, entry: Mapping[str, Any], served: Served, where: str) -> None:
        """Compares the artifact's TensorFlow with that of Google's image, and warns if Google will remove the image."""
        container = table(entry, "container")
        runtime, warning = serving_image.prebuilt_tensorflow(container), serving_image.prebuilt_warning(container)
        reason = newer_failure(served.tensorflow, runtime, served.operations)
        self._shared.note([(where, reason)] if reason and not entry.get("allowNewerTensorFlow") else [])
        self._shared.warnings += [f"{where}: {warning}"] if warning else []

    def _deployed(self, name: str, entry: Mapping[str, Any], served: Served) -> dict[str, Any]:
        options = table(entry, "vertex")
        inputs = facts(
            {key: entry.get(key) for key in (*_COMMON, "serviceAccount")},
            {key: self._place[key] for key in ("project", "location", "model", "endpoint")},
            {"version": name, "enableAccessLogging": self._model.get("onlinePredictionLogging")},
            {"preview": options.get("preview")},
            self._machines(entry),
        )
        parts = [DEPLOYED_MODEL.unchangeable(inputs), {"name": name, "uri": served.uri, **_again(options)}]
        listed = {path: str(value) for path, value in secrets.leaves(parts)}
        return {**inputs, "deployedModelId": options.get("deployedModelId") or names.deployed_model_id(listed)}

    def _machines(self, entry: Mapping[str, Any]) -> dict[str, Any]:
        """The machines of a version and whether its container logs; or the pool, which sets both."""
        if pool := table(entry, "vertex").get(_POOL):
            return {"sharedResources": names.resource_pool(self._pools[pool].inputs)}
        logs = self._model.get("onlinePredictionConsoleLogging")
        return {"dedicatedResources": replicas.dedicated(entry), "disableContainerLogging": not logs}


def _again(options: Mapping[str, Any]) -> dict[str, Any]:
    return {"redeploy": options["redeploy"]} if "redeploy" in options else {}
