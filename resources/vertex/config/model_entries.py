"""Reads the models of a stack file for Vertex AI."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from resources.config import entries
from resources.config.shared_entries import SharedReader
from resources.schema import types
from resources.schema.types import join
from resources.vertex import names, rules
from resources.vertex.config import field_keys, monitoring_entries, version_entries
from resources.vertex.config.entries import REFUSED_OF_MODELS, ModelEntry, refusals
from resources.vertex.config.plan import Model, Pool, facts
from resources.vertex.fields.endpoint import ENDPOINT
from resources.vertex.fields.model import MODEL

_OF_ENDPOINTS = (
    "dedicatedEndpointEnabled",
    "clientConnectionConfig",
    "predictRequestResponseLoggingConfig",
    "privateServiceConnectConfig",
    "network",
    "encryptionSpec",
)
_KEYS: field_keys.Keys = {
    "endpoint": "vertex.endpointId",
    "model": "vertex.modelId",
    "displayName": "vertex.displayName",
    **{name: f"vertex.{name}" for name in _OF_ENDPOINTS},
}
_COMMON = ("timeouts", "adopt", "allowDowntime")


class Reader:
    """Reads the entries; errors are added to the shared reader.

    Args:
        shared: the reader of the stack file.
        pools: the pools that versions may run on, by name.
    """

    def __init__(self, shared: SharedReader, pools: Mapping[str, Pool]) -> None:
        self._shared, self._pools = shared, pools
        self._taken: dict[tuple[str, str], str] = {}

    def models(self, models: Any) -> list[Model]:
        """The models of a stack file."""
        return [self._model(name, entry) for name, entry in entries.mapping(models).items()]

    def _model(self, name: str, given: Any) -> Model:
        where, entry = join("models", name), entries.mapping(given)
        refused = refusals(entry, REFUSED_OF_MODELS)
        self._shared.note((join(where, key), reason) for key, reason in refused)
        kept = {key: item for key, item in entry.items() if key not in REFUSED_OF_MODELS}
        wrong = list(types.failures(kept if isinstance(given, Mapping) else given, ModelEntry, where))
        self._shared.note(wrong)
        if wrong or not isinstance(given, Mapping):
            return Model(name=name, endpoint={}, registry={}, versions=[])
        return self._checked(name, kept, where)

    def _checked(self, name: str, entry: dict[str, Any], where: str) -> Model:
        endpoint, registry = self._endpoint(name, entry, where), self._registry(name, entry, where)
        place = {"model": registry["model"], "endpoint": endpoint["endpoint"], **self._place}
        reader = version_entries.Reader(self._shared, entry, self._pools, place, where)
        found = reader.versions()
        split = self._split(entry, where)
        job = monitoring_entries.read(self._shared, name, entry, endpoint, found)
        return Model(name=name, endpoint=endpoint, registry=registry, versions=found, split=split, monitoring=job)

    @property
    def _place(self) -> dict[str, Any]:
        return {"project": self._shared.project, "location": self._shared.region or "us-central1"}

    def _endpoint(self, name: str, entry: Mapping[str, Any], where: str) -> dict[str, Any]:
        options = entries.mapping(entry.get("vertex"))
        inputs = facts(
            self._shared.shared_fields,
            {key: entry.get(key) for key in (*_COMMON, "description", "labels")},
            {key: options.get(key) for key in _OF_ENDPOINTS},
            self._place,
            {"endpoint": names.endpoint_id(name, options)},
            {"displayName": options.get("displayName") or name},
        )
        failures = field_keys.renamed(ENDPOINT.program_failures(inputs, where), where, _KEYS)
        self._shared.note(field_keys.with_id(failures, where, "endpointId", entry))
        self._note_taken("endpoint", inputs["endpoint"], name, where)
        return inputs

    def _note_taken(self, kind: str, id_: str, name: str, where: str) -> None:
        """Reports an id that an earlier model has: ids are lower case, so different names may give the same one."""
        other = self._taken.setdefault((kind, id_), name)
        if other != name:
            self._shared.note([(where, f"its {kind} is {id_}, as that of {other}: give one of them vertex.{kind}Id")])

    def _registry(self, name: str, entry: Mapping[str, Any], where: str) -> dict[str, Any]:
        options = entries.mapping(entry.get("vertex"))
        inputs = facts(
            {"description": entry.get("description"), "displayName": options.get("displayName") or name},
            self._place,
            {"model": names.model_id(name, options), "defaultVersion": entry.get("defaultVersion")},
        )
        failures = field_keys.renamed(MODEL.program_failures(inputs, where), where, _KEYS)
        self._shared.note(field_keys.with_id(failures, where, "modelId", entry))
        self._note_taken("model", inputs["model"], name, where)
        return inputs

    def _split(self, entry: Mapping[str, Any], where: str) -> dict[str, int]:
        """The declared split; 100 % for the default version if none is declared."""
        given, known = entries.mapping(entry.get("trafficSplit")), list(entries.mapping(entry.get("versions")))
        if "trafficSplit" not in entry:
            return {str(entry["defaultVersion"]): 100}
        wrong = list(rules.whole_shares(given, known, join(where, "trafficSplit")))
        self._shared.note(wrong)
        return {} if wrong else {name: int(share) for name, share in given.items() if share}
