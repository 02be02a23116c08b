"""The models of a stack file, with their versions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gcp import settings
from resources.config import entries
from resources.config.plan import portable
from resources.config.shared_entries import SharedReader
from resources.ml import rules
from resources.ml.config.entries import ModelExtras, VersionExtras, under_file_keys, valid_name
from resources.ml.config.plan import Model, Version, version_name
from resources.ml.schema import DEFAULT_VERSION, MODEL, VERSION
from resources.runtimes.operations import newer_failure
from resources.schema import shares
from resources.schema.fields import INPUTS
from resources.schema.types import join
from resources.storage.rules import MOST_BYTES, MOST_BYTES_MLS1

_SET_BY_PROGRAM = ("project", "name", "owner", "secrets")
_SET_OF_VERSIONS = (*_SET_BY_PROGRAM, "model", "deploymentUri", "signatures", "allowBreakingChange")


class Reader:
    """Reads the entries; failures are added to the shared reader."""

    def __init__(self, shared: SharedReader) -> None:
        self._shared = shared

    def models(self, models: Any) -> list[Model]:
        """The models of a stack file."""
        return [self._model(name, entry) for name, entry in entries.mapping(models).items()]

    def _model(self, name: str, entry: Any) -> Model:
        where = join("models", name)
        extras, fields, failures = entries.split_checked(
            entry, ModelExtras, MODEL.names(*INPUTS), _SET_BY_PROGRAM, where
        )
        self._shared.note(failures)
        inputs = {**self._shared.shared_fields, **fields, "project": self._shared.project, "name": name}
        if self._shared.region and self._shared.values.get("endpoint") != settings.REGIONAL:
            inputs.setdefault("regions", [self._shared.region])
        self._shared.note(under_file_keys(MODEL.program_failures(inputs, where), where))
        gate = self._gate(extras, where)
        versions = self._versions(name, extras) if isinstance(entry, Mapping) else []
        default = str(versions[0].inputs["name"]) if versions else ""
        if isinstance(gate.get("samples"), str):
            gate["samples"] = portable(gate["samples"])
        split, allowed = entries.mapping(extras.get("trafficSplit")), str(extras.get("allowBreakingChange", ""))
        self._check_split(split, extras, where)
        return Model(inputs=inputs, default=default, versions=versions, gate=gate, split=split, allowed=allowed)

    def _gate(self, extras: Mapping[str, Any], where: str) -> dict[str, Any]:
        gate = entries.mapping(extras.get("gate"))
        gated = {"project": self._shared.project, "model": "m", "version": "v", "gate": gate}
        self._shared.note(DEFAULT_VERSION.rules(gated, where))
        return gate

    def _check_split(self, split: Mapping[str, Any], extras: Mapping[str, Any], where: str) -> None:
        path = join(where, "trafficSplit")
        if "trafficSplit" in extras and "version" in extras:
            self._shared.note([(path, "needs named versions: use versions instead of version")])
        elif isinstance(extras.get("trafficSplit"), Mapping):
            self._shared.note(shares.failures(split, list(entries.mapping(extras.get("versions"))), path))

    def _versions(self, model: str, extras: Mapping[str, Any]) -> list[Version]:
        """The versions of a model, the default first; or its only version if the stack file does not name any."""
        where = join("models", model)
        if "version" in extras:
            both = [join(where, name) for name in ("versions", "defaultVersion") if name in extras]
            self._shared.note(
                (path, "excludes version, to which the program gives a name: use one of them") for path in both
            )
            return [self._version(model, None, extras["version"])]
        missing = [name for name in ("versions", "defaultVersion") if name not in extras]
        reason = "is missing; or use version, to which the program gives a name"
        self._shared.note((join(where, name), reason) for name in missing)
        named, default = entries.mapping(extras.get("versions")), extras.get("defaultVersion")
        if isinstance(default, str) and isinstance(extras.get("versions"), Mapping) and default not in named:
            reason = f"{default!r} is not among its versions: {', '.join(named) or 'none'}"
            self._shared.note([(join(where, "defaultVersion"), reason)])
        order = sorted(named, key=lambda key: key != default)
        return [self._version(model, name, named[name]) for name in order]

    def _version(self, model: str, name: str | None, entry: Any) -> Version:
        where = f"models.{model}.version" + (f"s.{name}" if name is not None else "")
        extras, fields, failures = entries.split_checked(
            entry, VersionExtras, VERSION.names(*INPUTS), _SET_OF_VERSIONS, where
        )
        self._shared.note(failures)
        known = {"model": valid_name(model, "m"), "name": "v" if name is None else name}
        inputs = {**self._shared.shared_fields, **fields, "project": self._shared.project, **known}
        if "runtimeVersion" in self._shared.values and "container" not in inputs:
            inputs.setdefault("runtimeVersion", self._shared.values["runtimeVersion"])
        limit = MOST_BYTES_MLS1 if rules.is_mls1(inputs) else MOST_BYTES
        served = self._shared.served(extras.get("artifact"), extras.get("parameters"), where, limit)
        inputs["deploymentUri"] = served.uri
        if not extras.get("allowNewerTensorFlow"):
            reason = newer_failure(served.tensorflow, inputs.get("runtimeVersion"), served.operations)
            self._shared.note([(join(where, "runtimeVersion"), reason)] if reason else [])
        if isinstance(entry, Mapping):  # otherwise that is reported already
            self._shared.note(under_file_keys(VERSION.program_failures(inputs, where), where))
        if name is None:
            inputs["name"] = version_name(inputs)
        return Version(inputs=inputs, saved_model=served.saved_model, samples=served.samples, named=name is not None)
