"""A version of `ml` v1 for the gate: its predictions, and its artifact's manifest."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

from artifact_format.manifest import MANIFEST
from gcp import errors
from resources.deploy_errors import ArtifactError, GateFailed
from resources.engine import ownership
from resources.engine.provider import Call, State
from resources.gate import comparison
from resources.gate.gate import Gate
from resources.ml import default_handover, names, quotas
from resources.storage import manifests, rules

_REQUEST_BYTES = quotas.PREDICT_BYTES * 2 // 3
"""Maximum bytes of one request, with a margin, as the client may serialize instances differently."""


def gate_of(call: Call, olds: State, news: State, current: str) -> Gate:
    """The gate that a `DefaultVersion` or a `TrafficSplit` declares. Arguments as in `Gate`."""
    return Gate(call, versions_of(call, news), olds, news, current)


def versions_of(call: Call, news: Mapping[str, Any]) -> Callable[[str], DeployedVersion]:
    """Returns a function that finds a version of the inputs' model by its name."""
    return lambda version: DeployedVersion(call, news, version)


class DeployedVersion:
    """A deployed version and its artifact's manifest, both read on first use.

    Attributes:
        version: its name.
        name: `projects/P/models/M/versions/V`.
    """

    def __init__(self, call: Call, news: Mapping[str, Any], version: str) -> None:
        self._call, self.version = call, version
        self.name = names.version(news["project"], news["model"], version)

    @cached_property
    def uri(self) -> str:
        """Its `deploymentUri`; empty if it has none."""
        versions = default_handover.versions(self._call)
        return str(self._call.api.call(versions.get(name=self.name)).get("deploymentUri", ""))

    @property
    def manifest_uri(self) -> str:
        """The URI of its manifest, which may not exist."""
        return f"{self.uri.rstrip('/')}/{MANIFEST}"

    @property
    def manifest(self) -> dict[str, Any]:
        """The manifest's content. Raises `NotFound`, `PermissionDenied`, `ArtifactError`."""
        if isinstance(self._manifest, errors.Error):
            raise self._manifest
        return self._manifest

    @cached_property
    def _manifest(self) -> dict[str, Any] | errors.Error:
        """The manifest, or why it cannot be read. Cached, so that a missing one is also requested only once."""
        uri = self.uri
        try:
            return manifests.read(self._call.api, uri)
        except (errors.NotFound, errors.PermissionDenied, ArtifactError) as error:
            return error

    @property
    def is_of_stack(self) -> bool:
        """Whether the stack manages its SavedModel."""
        return any("prefix" in each and self.uri == rules.folder_uri(each) for each in ownership.all_declared())

    def predict(self, instances: list[Any]) -> list[Any]:
        """Calls `ml.projects.predict`, in several requests if one would be too large."""
        predictions: list[Any] = []
        batch: list[Any] = []
        size = 0
        for instance in instances:
            length = len(json.dumps(instance))
            if batch and size + length > _REQUEST_BYTES:
                predictions += self._ask(batch)
                batch, size = [], 0
            batch.append(instance)
            size += length + 1
        return predictions + self._ask(batch)

    def _ask(self, instances: list[Any]) -> list[Any]:
        request = self._call.methods("projects").predict(name=self.name, body={"instances": instances})
        response = self._call.api.call(request, repeatable=True)
        if "error" in response:
            raise GateFailed(f"{self.name}: prediction failed: {response['error']} ({request.methodId})")
        predictions = response.get("predictions")
        reason = comparison.count_failure(predictions, len(instances))
        if reason:
            raise GateFailed(f"{self.name}: {reason} ({request.methodId})")
        return list(predictions)
