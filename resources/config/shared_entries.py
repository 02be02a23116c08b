"""The part of a stack file that all platforms share, and what a platform's reader needs of it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, TypedDict

from artifact_format.manifest import Artifact
from gcp import errors, settings
from gcp.settings import REGION
from resources.config import entries
from resources.config.plan import portable, saved_model_inputs
from resources.config.secret_values import Source
from resources.config.stack_file import NAMESPACE
from resources.deploy_errors import ArtifactError
from resources.schema import secrets, types
from resources.schema.fields import INPUTS
from resources.schema.secrets import Secret
from resources.schema.types import Failure, join
from resources.storage import rules
from resources.storage.schema import BUCKET, SAVED_MODEL

_NOT_SECRET = "must not be secret: addresses and messages show it"  # noqa: S105 - a message
PROJECT = re.compile(r"[a-z][a-z0-9.:-]*[a-z0-9]\Z")
UNKNOWN_URI = "gs://unknown/"
"""Placeholder for the URI of an artifact that was not found, which is reported separately."""


class SharedKeys(TypedDict, total=False):
    """The keys under `tf2-models:` that all platforms have.

    `Pulumi.yaml` declares all keys with descriptions; a test compares them.
    """

    platform: Literal["ml", "vertex"]
    endpoint: str
    impersonateServiceAccount: str
    googleSetup: bool
    bucket: dict[str, Any]
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
"""Numeric keys: minimum and maximum."""

Resolve = Callable[[str, "Mapping[str, Any] | None", bool], Artifact]
"""Artifact name, parameters and whether a rebuild is allowed -> the artifact. Raises `ArtifactError`."""


class Served(NamedTuple):
    """What is known about a version's artifact.

    Attributes:
        uri: of its folder, `gs://...`.
        saved_model: the inputs of its `storage.SavedModel`; None if the stack does not manage the artifact.
        samples: how many samples it has; None if unknown.
        tensorflow: the TensorFlow that exported it; empty if unknown.
        operations: of its graph, as `Manifest.operations`; empty if unknown.
    """

    uri: str = UNKNOWN_URI
    saved_model: dict[str, Any] | None = None
    samples: int | None = None
    tensorflow: str = ""
    operations: Mapping[str, Sequence[str]] = MappingProxyType({})


class SharedReader:
    """Reads the shared part, and collects the failures of all parts, so that all are reported at once.

    Args:
        config: every key of the stack with its namespace, as passed by Pulumi.
        resolve: finds artifacts.
        source: which keys contain secrets, and the stack file.
        keys: all keys below the namespace.
        sections: of the platform's part.

    Attributes:
        project: id of the project.
        region: `gcp:region`; empty if there is none.
        values: key without its namespace -> value.
        settings: where the APIs are.
        google_setup: whether the stack sets up the project.
        bucket: inputs of its `storage.Bucket`.
        failures: those found so far.
        warnings: about a valid configuration, one per line.

    Raises:
        InvalidInput: a secret is where none is allowed. Raised at once, so that no later message shows the secret.
    """

    def __init__(
        self,
        config: Mapping[str, str],
        resolve: Resolve,
        source: Source,
        keys: type,
        sections: Callable[[Mapping[str, Any]], Iterable[entries.Section]],
    ) -> None:
        self._resolve, self.failures, self.warnings = resolve, list[Failure](), list[str]()
        self._artifacts: dict[str, Artifact] = {}
        self.project = config.get("gcp:project", "")
        self.region = config.get("gcp:region", "")
        prefix = f"{NAMESPACE}:"
        given = {key.removeprefix(prefix): text for key, text in config.items() if key.startswith(prefix)}
        self.values = {key: _plain(text, key, keys) for key, text in given.items() if text != ""}
        reason = f"contains {types.UNKNOWN}, which the engine takes for a value that is not known yet"
        self.note((key, reason) for key, text in given.items() if types.UNKNOWN in text)
        self._mark_secrets(source, sections)
        self._check_project()
        self._check_region()
        self.note(types.failures(self.values, keys, ""))
        self.settings = self._settings()
        self.google_setup = self._google_setup()
        self.bucket = self._bucket()
        self._source = self._artifact_source()

    def note(self, failures: Iterable[Failure]) -> None:
        """Adds failures; their paths are below the namespace."""
        self.failures += [(f"{NAMESPACE}:{path}", reason) for path, reason in failures]

    @property
    def shared_fields(self) -> dict[str, Any]:
        """Fields that the stack sets for all resources that have them; an entry may override them."""
        return {"adopt": True} if self.values.get("adopt") is True else {}

    def served(self, name: Any, parameters: Any, where: str, size_limit: int, folder: str = "") -> Served:
        """What is known about the artifact that a version names; its failures are added.

        Args:
            name: the entry's `artifact`.
            parameters: the entry's `parameters`, or None.
            where: path of the entry.
            size_limit: maximum bytes of an artifact of this version.
            folder: subfolder of the artifact's folder for the files.
        """
        if not isinstance(name, str) or not isinstance(parameters, Mapping | None):
            return Served()
        if name.startswith("gs://"):
            reason = "are only for a recipe, not for a SavedModel in a bucket: leave them out"
            self.note([(join(where, "parameters"), reason)] if parameters else [])
            return Served(name)
        try:
            artifact = self._found(name, parameters)
        except ArtifactError as error:
            self.note([(join(where, "artifact"), str(error))])
            return Served()
        facts = saved_model_inputs(
            artifact, self.bucket["name"], size_limit=size_limit, source=self._source, folder=folder
        )
        saved = {**self.shared_fields, **facts}
        if Path(name).is_absolute():
            saved["source"] = portable(name)
        self.note(SAVED_MODEL.rules(saved, join(where, "artifact")))
        return Served(rules.folder_uri(saved), saved, len(artifact.samples), artifact.tensorflow, artifact.operations)

    def _found(self, name: str, parameters: Mapping[str, Any] | None) -> Artifact:
        """The artifact. Cached, since many versions may name it and finding it reads its files."""
        key = json.dumps([name, parameters], sort_keys=True)
        if key not in self._artifacts:
            self._artifacts[key] = self._resolve(name, parameters, bool(self.values.get("allowRebuild")))
        return self._artifacts[key]

    def _mark_secrets(self, source: Source, sections: Callable[[Mapping[str, Any]], Iterable[entries.Section]]) -> None:
        """Raises `InvalidInput` if a secret is anywhere else than in free text."""
        failures: list[Failure] = [(key, _NOT_SECRET) for key in ("gcp:project", "gcp:region") if key in source.keys]
        for key, value in self.values.items():
            self.values[key], reason = source.marked(f"{NAMESPACE}:{key}", value)
            failures += [(f"{NAMESPACE}:{key}", reason)] if reason else []
        for where, values, schema in [*_sections(self.values), *sections(self.values)]:
            paths = [path for path, value in secrets.leaves(values) if isinstance(value, Secret)]
            failures += [(f"{NAMESPACE}:{path}", why) for path, why in secrets.failures(schema, paths, where)]
        if failures:
            raise errors.InvalidInput(failures)

    def _check_project(self) -> None:
        if not PROJECT.match(self.project):
            missing = "is missing: `pulumi config set gcp:project ID`"
            reason = f"is not a valid project id: {types.shown(self.project)}" if self.project else missing
            self.failures.append(("gcp:project", reason))
            self.project = "project"  # so that names built from it do not fail too

    def _check_region(self) -> None:
        if self.region and not REGION.match(self.region):
            self.failures.append(("gcp:region", f"must be a region, us-central1; it is {types.shown(self.region)}"))
            self.region = "us-central1"  # as above

    def _settings(self) -> settings.Settings:
        for key, least, most in BOUNDS:
            value = self.values.get(key)
            if isinstance(value, int | float) and not least <= value <= most:
                self.note([(key, f"must be {least} or more, and {most} at most; it is {value}")])
        try:
            return settings.Settings.of(
                self.values.get("endpoint"), self.region, impersonate=self.values.get("impersonateServiceAccount")
            )
        except errors.InvalidInput as error:
            self.note(error.failures)
            return settings.Settings()

    def _google_setup(self) -> bool:
        wanted = self.values.get("googleSetup") is True
        if wanted and not self.settings.is_google:
            self.note([("googleSetup", "is for Google's own endpoints: leave it out here, or say false")])
        return wanted

    def _bucket(self) -> dict[str, Any]:
        given = entries.mapping(self.values.get("bucket"))
        reserved = ("project", "owner", "secrets")
        self.note(entries.reject_unknown(given, BUCKET.names(*INPUTS), None, reserved, "bucket"))
        inputs = {**self.shared_fields, "project": self.project, "name": f"{self.project}-tf2-models", **given}
        if self.region:
            inputs.setdefault("location", self.region)
        self.note(BUCKET.program_failures(inputs, "bucket"))
        name = inputs["name"]
        if not isinstance(name, str) or rules.bucket_name_failure(name):
            inputs["name"] = "unknown"  # so that URIs in it do not fail too: it is reported once
        return inputs

    def _artifact_source(self) -> str:
        """The bucket that artifacts are copied from; empty if there is none."""
        source = rules.bucket_of(str(self.values.get("artifactSource", "")))
        reason = rules.bucket_name_failure(source) if source else ""
        if source == self.bucket["name"]:
            reason = "is this stack's own bucket: name the bucket to copy artifacts from"
        self.note([("artifactSource", reason)] if reason else [])
        return "" if reason else source


def _sections(values: Mapping[str, Any]) -> Iterable[entries.Section]:
    plain = {key: value for key, value in values.items() if not isinstance(value, Mapping)}
    return [entries.Section("", plain, None), entries.Section("bucket", entries.mapping(values.get("bucket")), BUCKET)]


def _plain(text: str, key: str, keys: type) -> Any:
    """The parsed value: Pulumi passes collections, numbers and booleans as JSON, strings bare."""
    if types.members(keys).get(key) is str:
        return text
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
