"""The keys of the `ml` part of a stack file, and their names in failures."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypedDict

from typing_extensions import Required

from resources.config.entries import Section, mapping, split
from resources.config.shared_entries import SharedKeys
from resources.ml.jobs.schema import BATCH_PREDICTION_JOB
from resources.ml.rules import NAME
from resources.ml.schema import DEFAULT_VERSION, MODEL, VERSION, Gate
from resources.schema.types import Failure, join


class MlKeys(SharedKeys, total=False):
    """The keys under `tf2-models:` of a stack on `ml` v1."""

    models: Required[dict[str, Any]]
    batchPredictionJobs: dict[str, Any]  # noqa: N815 - a key of a stack file
    runtimeVersion: str  # noqa: N815 - likewise
    # Not for `ml` v1, but with an empty default in `Pulumi.yaml`:
    servingImage: str  # noqa: N815 - likewise
    resourcePools: dict[str, Any]  # noqa: N815 - likewise


OF_VERTEX = ("servingImage", "resourcePools")
"""The keys of another platform, which are errors here."""


class VersionExtras(TypedDict, total=False):
    """Keys of a version's entry besides the API's fields."""

    artifact: Required[str]
    parameters: dict[str, Any]
    allowNewerTensorFlow: bool


class ModelExtras(TypedDict, total=False):
    """Keys of a model's entry besides the API's fields."""

    versions: dict[str, Any]
    defaultVersion: str
    version: dict[str, Any]
    gate: Gate
    trafficSplit: dict[str, Any]
    allowBreakingChange: str


def sections(values: Mapping[str, Any]) -> Iterator[Section]:
    """The sections of a configuration with jobs, models and versions."""
    for name, entry in mapping(values.get("batchPredictionJobs")).items():
        yield Section(f"batchPredictionJobs.{name}", mapping(entry), BATCH_PREDICTION_JOB)
    for name, entry in mapping(values.get("models")).items():
        extras, fields = split(entry, ModelExtras)
        versions = {f"versions.{key}": inner for key, inner in mapping(extras.pop("versions", None)).items()}
        versions["version"] = extras.pop("version", None)
        yield Section(f"models.{name}", fields, MODEL)
        yield Section(f"models.{name}", extras, DEFAULT_VERSION)
        for version, inner in versions.items():
            extras, fields = split(inner, VersionExtras)
            yield Section(f"models.{name}.{version}", fields, VERSION)
            yield Section(f"models.{name}.{version}", extras, None)


def valid_name(name: str, instead: str) -> str:
    """The name, or `default` for an invalid one, which is reported once, where it is declared."""
    return name if NAME.match(name) else instead


def under_file_keys(failures: Iterable[Failure], where: str) -> list[Failure]:
    """Failures with the keys of the stack file: `name` is the entry's own key, `deploymentUri` is `artifact`."""
    own = {join(where, "name"): where, join(where, "deploymentUri"): join(where, "artifact")}
    return [(own.get(path, path), reason) for path, reason in failures]
