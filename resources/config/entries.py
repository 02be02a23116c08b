"""The entries of a stack file: what a model's and a version's hold beside the fields of the API, and their parts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypedDict

from typing_extensions import Required

from resources.ml.jobs.schema import BATCH_PREDICTION_JOB
from resources.ml.rules import NAME
from resources.ml.schema import DEFAULT_VERSION, MODEL, VERSION, Gate
from resources.schema import types
from resources.schema.fields import Schema
from resources.schema.types import Failure, join
from resources.storage.schema import BUCKET


class VersionExtras(TypedDict, total=False):
    """What a version's entry holds beside the fields of the API."""

    artifact: Required[str]
    parameters: dict[str, Any]
    allowNewerTensorFlow: bool


class ModelExtras(TypedDict, total=False):
    """What a model's entry holds beside the fields of the API."""

    versions: dict[str, Any]
    defaultVersion: str
    version: dict[str, Any]
    gate: Gate
    trafficSplit: dict[str, Any]
    allowBreakingChange: str


def places(values: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any], Schema | None]]:
    """The parts of a configuration: path, values, and the schema whose free texts may be secret."""
    models, bucket = values.get("models"), values.get("bucket")
    yield "", {key: value for key, value in values.items() if not isinstance(value, Mapping)}, None
    yield "bucket", mapping(bucket), BUCKET
    for name, entry in mapping(values.get("batchPredictionJobs")).items():
        yield f"batchPredictionJobs.{name}", mapping(entry), BATCH_PREDICTION_JOB
    for name, entry in mapping(models).items():
        extras, fields = split(entry, ModelExtras)
        versions = {f"versions.{key}": inner for key, inner in mapping(extras.pop("versions", None)).items()}
        versions["version"] = extras.pop("version", None)
        yield f"models.{name}", fields, MODEL
        yield f"models.{name}", extras, DEFAULT_VERSION
        for version, inner in versions.items():
            extras, fields = split(inner, VersionExtras)
            yield f"models.{name}.{version}", fields, VERSION
            yield f"models.{name}.{version}", extras, None


def mapping(value: Any) -> dict[str, Any]:
    """A mapping with its keys as texts; an empty one in the place of anything else."""
    return {str(key): item for key, item in value.items()} if isinstance(value, Mapping) else {}


def split(entry: Any, extras: type) -> tuple[dict[str, Any], dict[str, Any]]:
    """The keys of the program's own, and the fields of the API."""
    own, values = types.members(extras), mapping(entry)
    return (
        {key: item for key, item in values.items() if key in own},
        {key: item for key, item in values.items() if key not in own},
    )


def parts(
    entry: Any, own: type, names: Iterable[str], taken: Iterable[str], where: str
) -> tuple[dict[str, Any], dict[str, Any], list[Failure]]:
    """The keys of the program's own, the fields of the API that may stand there, and what is wrong with an entry.

    Args:
        entry: as it stands in the stack file.
        own: the keys of the program's own.
        names: the fields of the API.
        taken: those that the program sets.
        where: the path of the entry.
    """
    extras, fields = split(entry, own)
    failures = list(types.failures(extras if isinstance(entry, Mapping) else entry, own, where))
    return extras, fields, failures + only(fields, names, own, taken, where)


def only(
    fields: dict[str, Any], names: Iterable[str], extras: type | None, taken: Iterable[str], where: str
) -> list[Failure]:
    """Takes out of an entry what the program sets itself, and what is no key of it.

    Args:
        fields: what the entry holds beside the keys of the program's own.
        names: the fields of the API.
        extras: the keys of the program's own, if there are any: they are told among those that there are.
        taken: the fields that the program sets.
        where: the path of the entry.
    """
    given = [name for name in taken if fields.pop(name, None) is not None]
    known = set(names) - set(taken)
    strange = [name for name in fields if name not in known]
    for name in strange:
        del fields[name]
    told = known | set(types.members(extras) if extras else ())
    return [
        *((join(where, name), "is set by the program: leave it out") for name in given),
        *((join(where, name), types.no_key(name, told)) for name in strange),
    ]


def usable(name: str, instead: str) -> str:
    """A name for where it is used: a wrong one is told where it stands, and only there."""
    return name if NAME.match(name) else instead


def named(failures: Iterable[Failure], where: str) -> list[Failure]:
    """Under the keys of the stack file: a wrong name is the entry's own, a version's `deploymentUri` its `artifact`."""
    own = {join(where, "name"): where, join(where, "deploymentUri"): join(where, "artifact")}
    return [(own.get(path, path), reason) for path, reason in failures]
