"""A stack's configuration: typed, checked as a whole, every failure under its key's full path.

It is read before the first resource is registered, so that a wrong key changes nothing, with `--skip-preview` too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypedDict

from typing_extensions import Required

from gcp import errors, settings
from gcp.settings import REGION
from resources.config import entries as _entries
from resources.config import job_entries, unquoted_text
from resources.config.plan import (
    Job,
    Model,
    Stack,
    Version,
    merged,
    newer_failure,
    portable,
    saved_model_inputs,
    version_name,
)
from resources.config.secret_values import NAMESPACE, Source
from resources.ml import rules as ml_rules
from resources.ml import shares
from resources.ml.schema import DEFAULT_VERSION, MODEL, VERSION
from resources.schema import secrets, types
from resources.schema.fields import INPUTS
from resources.schema.secrets import Secret
from resources.schema.types import Failure, join
from resources.storage import rules
from resources.storage.schema import BUCKET, SAVED_MODEL

if TYPE_CHECKING:
    from models import Artifact

_NOT_SECRET = "must not be secret: addresses and messages show it"  # noqa: S105 - a message

PROJECT = re.compile(r"[a-z][a-z0-9.:-]*[a-z0-9]\Z")


class StackArgs(TypedDict, total=False):
    """The keys under `tf2-models:`. `Pulumi.yaml` declares the same ones, with descriptions; a test compares them."""

    endpoint: str
    impersonateServiceAccount: str
    bucket: dict[str, Any]
    models: Required[dict[str, Any]]
    batchPredictionJobs: dict[str, Any]
    runtimeVersion: str
    allowRebuild: bool
    artifactSource: str
    concurrentOperations: int
    adopt: bool
    retrySeconds: float
    callsPerMinute: int


BOUNDS = (
    ("concurrentOperations", 1, 1000),
    ("retrySeconds", 0, settings.MOST_RETRY_SECONDS),
    ("callsPerMinute", 1, 1_000_000),
)
"""Keys that are numbers: the least and the most."""


Resolve = Callable[[str, "Mapping[str, Any] | None", bool], "Artifact"]
"""Artifact name, parameters and whether a rebuild is allowed -> the artifact. Raises `ArtifactError`."""


def read(config: Mapping[str, str], resolve: Resolve, source: Source | None = None) -> Stack:
    """The stack that a configuration declares. Secret texts of the stack's file are `Secret`s in it.

    Args:
        config: every key of the stack with its namespace, values as Pulumi hands them over (JSON for collections).
        resolve: finds artifacts.
        source: which keys hold secrets, and the stack's file. Default: none does.

    Raises:
        InvalidInput: with everything that is wrong.
    """
    return unquoted_text.explained(
        config, source or Source(), StackArgs, lambda it: _Reader(config, resolve, it).stack()
    )


class _Served(NamedTuple):
    """What is known of a version's artifact: the inputs of its `storage.SavedModel`, and how many samples it has."""

    saved_model: dict[str, Any] | None = None
    samples: int | None = None


class _Reader:
    """Collects failures while it reads, so that all of them are told at once."""

    def __init__(self, config: Mapping[str, str], resolve: Resolve, source: Source) -> None:
        self.resolve, self.failures = resolve, list[Failure]()
        self._artifacts: dict[str, Artifact] = {}
        self.project = config.get("gcp:project", "")
        self.region = config.get("gcp:region", "")
        prefix = f"{NAMESPACE}:"
        given = {key.removeprefix(prefix): text for key, text in config.items() if key.startswith(prefix)}
        self.values = {key: _plain(text, key) for key, text in given.items() if text != ""}
        reason = f"holds {types.UNKNOWN}, which to the engine means a value that is not known yet"
        self._note((key, reason) for key, text in given.items() if types.UNKNOWN in text)
        self._mark_secrets(source)
        self.source = ""

    def stack(self) -> Stack:
        self._project()
        self._region()
        self._note(types.failures(self.values, StackArgs, ""))
        settings = self._settings()
        bucket = self._bucket()
        self.source = self._source(bucket["name"])
        models = [
            self._model(name, entry, bucket["name"])
            for name, entry in _entries.mapping(self.values.get("models")).items()
        ]
        jobs = self._jobs(models)
        if self.failures:
            raise errors.InvalidInput(dict.fromkeys(self.failures))
        saved = [version.saved_model for model in models for version in model.versions if version.saved_model]
        return Stack(
            project=self.project,
            settings=settings,
            bucket=bucket,
            models=models,
            saved_models=merged(saved),
            jobs=jobs,
        )

    def _jobs(self, models: list[Model]) -> list[Job]:
        reader = job_entries.Reader(self.project, self.region, {model.inputs["name"]: model for model in models})
        jobs = reader.jobs(self.values.get(job_entries.KEY))
        self._note(reader.failures)
        return jobs

    def _mark_secrets(self, source: Source) -> None:
        """Raises `InvalidInput` where a secret stands elsewhere than in free text: no other message may show it."""
        failures: list[Failure] = [(key, _NOT_SECRET) for key in ("gcp:project", "gcp:region") if key in source.keys]
        for key, value in self.values.items():
            self.values[key], reason = source.marked(f"{NAMESPACE}:{key}", value)
            failures += [(f"{NAMESPACE}:{key}", reason)] if reason else []
        for where, values, schema in _entries.places(self.values):
            paths = [path for path, value in secrets.leaves(values) if isinstance(value, Secret)]
            failures += [(f"{NAMESPACE}:{path}", why) for path, why in secrets.failures(schema, paths, where)]
        if failures:
            raise errors.InvalidInput(failures)

    def _note(self, failures: Iterable[Failure]) -> None:
        self.failures += [(f"{NAMESPACE}:{path}", reason) for path, reason in failures]

    def _project(self) -> None:
        if not PROJECT.match(self.project):
            missing = "is missing: `pulumi config set gcp:project ID`"
            reason = f"is no project id: {types.shown(self.project)}" if self.project else missing
            self.failures.append(("gcp:project", reason))
            self.project = "project"  # so that names made of it do not fail too

    def _region(self) -> None:
        if self.region and not REGION.match(self.region):
            self.failures.append(("gcp:region", f"must be a region, us-central1; it is {types.shown(self.region)}"))
            self.region = "us-central1"  # as above

    def _settings(self) -> settings.Settings:
        for key, least, most in BOUNDS:
            value = self.values.get(key)
            if isinstance(value, int | float) and not least <= value <= most:
                self._note([(key, f"must be {least} or more, and {most} at most; it is {value}")])
        try:
            return settings.Settings.of(
                self.values.get("endpoint"), self.region, impersonate=self.values.get("impersonateServiceAccount")
            )
        except errors.InvalidInput as error:
            self._note(error.failures)
            return settings.Settings()

    def _shared(self) -> dict[str, Any]:
        """What the stack says once for every resource that takes it, and an entry may say otherwise."""
        return {"adopt": True} if self.values.get("adopt") is True else {}

    def _bucket(self) -> dict[str, Any]:
        given = _entries.mapping(self.values.get("bucket"))
        self._note(_entries.only(given, BUCKET.names(*INPUTS), None, ("project", "owner", "secrets"), "bucket"))
        inputs = {**self._shared(), "project": self.project, "name": f"{self.project}-tf2-models", **given}
        if self.region:
            inputs.setdefault("location", self.region)
        self._note(BUCKET.program_failures(inputs, "bucket"))
        name = inputs["name"]
        if not isinstance(name, str) or rules.bucket_name_failure(name):
            inputs["name"] = "unknown"  # so that addresses in it do not fail too: it is told once
        return inputs

    def _source(self, bucket: str) -> str:
        """The bucket that artifacts are copied from; empty where there is none."""
        source = rules.bucket_of(str(self.values.get("artifactSource", "")))
        reason = rules.bucket_name_failure(source) if source else ""
        if source == bucket:
            reason = "is this stack's own bucket: name the one that its artifacts come from"
        self._note([("artifactSource", reason)] if reason else [])
        return "" if reason else source

    def _model(self, name: str, entry: Any, bucket: str) -> Model:
        where = join("models", name)
        taken = ("project", "name", "owner", "secrets")
        extras, fields, failures = _entries.parts(entry, _entries.ModelExtras, MODEL.names(*INPUTS), taken, where)
        self._note(failures)
        inputs = {**self._shared(), **fields, "project": self.project, "name": name}
        if self.region and self.values.get("endpoint") != settings.REGIONAL:
            inputs.setdefault("regions", [self.region])
        self._note(_entries.named(MODEL.program_failures(inputs, where), where))
        gate = _entries.mapping(extras.get("gate"))
        gated = {"project": self.project, "model": "m", "version": "v", "gate": gate}
        self._note(DEFAULT_VERSION.rules(gated, where))
        versions = self._versions(name, extras, bucket) if isinstance(entry, Mapping) else []
        default = str(versions[0].inputs["name"]) if versions else ""
        if isinstance(gate.get("samples"), str):
            gate["samples"] = portable(gate["samples"])
        split, allowed = _entries.mapping(extras.get("trafficSplit")), str(extras.get("allowBreakingChange", ""))
        self._split(split, extras, where)
        return Model(inputs=inputs, default=default, versions=versions, gate=gate, split=split, allowed=allowed)

    def _split(self, split: Mapping[str, Any], extras: Mapping[str, Any], where: str) -> None:
        path = join(where, "trafficSplit")
        if "trafficSplit" in extras and "version" in extras:
            self._note([(path, "needs versions with names: write versions in place of version")])
        elif isinstance(extras.get("trafficSplit"), Mapping):
            self._note(shares.failures(split, list(_entries.mapping(extras.get("versions"))), path))

    def _versions(self, model: str, extras: Mapping[str, Any], bucket: str) -> list[Version]:
        """The versions of a model, the default first; or the one that has no name of its own."""
        where = join("models", model)
        if "version" in extras:
            both = [join(where, name) for name in ("versions", "defaultVersion") if name in extras]
            self._note((path, "excludes version, which the program names: give one of them") for path in both)
            return [self._version(model, None, extras["version"], bucket)]
        missing = [name for name in ("versions", "defaultVersion") if name not in extras]
        self._note((join(where, name), "is missing; or give version, one that the program names") for name in missing)
        entries, default = _entries.mapping(extras.get("versions")), extras.get("defaultVersion")
        if isinstance(default, str) and isinstance(extras.get("versions"), Mapping) and default not in entries:
            reason = f"{default!r} is not among its versions: {', '.join(entries) or 'none'}"
            self._note([(join(where, "defaultVersion"), reason)])
        order = sorted(entries, key=lambda key: key != default)
        return [self._version(model, name, entries[name], bucket) for name in order]

    def _version(self, model: str, name: str | None, entry: Any, bucket: str) -> Version:
        where = f"models.{model}.version" + (f"s.{name}" if name is not None else "")
        taken = ("project", "model", "name", "deploymentUri", "owner", "secrets", "signatures", "allowBreakingChange")
        extras, fields, failures = _entries.parts(entry, _entries.VersionExtras, VERSION.names(*INPUTS), taken, where)
        self._note(failures)
        known = {"model": _entries.usable(model, "m"), "name": "v" if name is None else name}
        inputs = {**self._shared(), **fields, "project": self.project, **known}
        if "runtimeVersion" in self.values and "container" not in inputs:
            inputs.setdefault("runtimeVersion", self.values["runtimeVersion"])
        served = self._artifact(extras, inputs, bucket, where)
        if isinstance(entry, Mapping):  # else that is told
            self._note(_entries.named(VERSION.program_failures(inputs, where), where))
        if name is None:
            inputs["name"] = version_name(inputs)
        return Version(inputs=inputs, **served._asdict(), named=name is not None)

    def _artifact(self, extras: Mapping[str, Any], inputs: dict[str, Any], bucket: str, where: str) -> _Served:
        name, parameters = extras.get("artifact"), extras.get("parameters")
        inputs["deploymentUri"] = "gs://unknown/"  # until it is known; the artifact's own failure is told
        if not isinstance(name, str) or not isinstance(parameters, Mapping | None):
            return _Served()
        if name.startswith("gs://"):
            if parameters:
                self._note(
                    [(join(where, "parameters"), "are for a recipe; what lies in a bucket has none: leave them out")]
                )
            inputs["deploymentUri"] = name
            return _Served()
        try:
            artifact = self._resolved(name, parameters)
        except errors.ArtifactError as error:
            self._note([(join(where, "artifact"), str(error))])
            return _Served()
        if not extras.get("allowNewerTensorFlow"):
            reason = newer_failure(artifact.tensorflow, inputs.get("runtimeVersion"))
            self._note([(join(where, "runtimeVersion"), reason)] if reason else [])
        facts = saved_model_inputs(artifact, bucket, mls1=ml_rules.is_mls1(inputs), source=self.source)
        saved = {**self._shared(), **facts}
        if Path(name).is_absolute():
            saved["source"] = portable(name)
        self._note(SAVED_MODEL.rules(saved, join(where, "artifact")))
        inputs["deploymentUri"] = rules.folder_uri(saved)
        return _Served(saved, len(artifact.samples))

    def _resolved(self, name: str, parameters: Mapping[str, Any] | None) -> Artifact:
        """The artifact, found once: many versions may name it, and each time its files would be read."""
        key = json.dumps([name, parameters], sort_keys=True)
        if key not in self._artifacts:
            self._artifacts[key] = self.resolve(name, parameters, bool(self.values.get("allowRebuild")))
        return self._artifacts[key]


def _plain(text: str, key: str) -> Any:
    """A value as it was written: Pulumi hands collections, numbers and booleans over as JSON, strings bare."""
    if types.members(StackArgs).get(key) is str:
        return text
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
