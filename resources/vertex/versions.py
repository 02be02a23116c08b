"""The versions of a model in the registry: finds them by the label with their name, and reads which is the default."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from gcp import errors
from resources.engine.provider import Call, State
from resources.vertex import names
from resources.vertex.rules import DEFAULT


def methods(call: Call) -> Any:
    """The methods of `projects.locations.models`."""
    return call.methods("projects.locations.models")


def listed(call: Call, inputs: Mapping[str, Any]) -> list[State]:
    """`models.listVersions`: every version of a model, oldest first; empty if the model does not exist."""
    collection, found = methods(call), list[State]()
    request = collection.listVersions(name=names.model(inputs))
    try:
        while request is not None:
            answer = call.api.call(request)
            found += answer.get("models", [])
            request = collection.listVersions_next(request, answer)
    except errors.NotFound:
        return []
    return sorted(found, key=lambda version: int(version.get("versionId", 0)))


def named(versions: Sequence[State], name: str) -> State | None:
    """The version with this name; None if there is none; the oldest if there are several.

    Why several: labels of a model show on each of its versions. If the service takes the labels of the first upload as
    the model's own, versions that others upload later show that name too.
    """
    return next((each for each in versions if name_of(each) == name), None)


def name_of(version: State) -> str:
    """The name of a version in the stack file; empty if a stack did not upload it."""
    return str((version.get("labels") or {}).get(names.VERSION_LABEL, ""))


def is_default(version: State) -> bool:
    """Whether it has the alias `default`."""
    return DEFAULT in (version.get("versionAliases") or [])


def full_name(inputs: Mapping[str, Any], version: State) -> str:
    """`projects/P/locations/L/models/M@V`."""
    return f"{names.model(inputs)}@{version['versionId']}"


def labels_of_all(versions: Sequence[State]) -> set[str]:
    """The keys of the labels that all these versions show. They include the labels of their model."""
    shown = [set(version.get("labels") or {}) for version in versions]
    return set.intersection(*shown) if shown else set()


def patch(call: Call, name: str, fields: Sequence[str], body: State, shared: Collection[str]) -> None:
    """`models.patch` of a model (`M`) or a version (`M@V`) that does not move labels from one to the other.

    The API returns the labels of a model and of its version as one map, but a patch replaces only one of the two sets.
    So the shared labels are first left out: those that still show belong to the other one; the rest are put back.

    Args:
        call: sends the requests.
        name: full name of the model or version.
        fields: the update mask.
        body: the masked fields, with the etag that was read.
        shared: keys of labels in the body that may belong to the other one.
    """
    labels = body.get("labels") or {}
    own = {key: item for key, item in labels.items() if key not in shared}
    first = {**body, "labels": own} if "labels" in fields else body
    request = methods(call).patch(name=name, updateMask=",".join(fields), body=first)
    answer: State = call.api.call(request, repeatable=True)
    gone = labels.keys() - (answer.get("labels") or {}).keys()
    if gone:
        again = {"labels": {**own, **{key: labels[key] for key in gone}}, "etag": answer.get("etag")}
        call.api.call(methods(call).patch(name=name, updateMask="labels", body=again), repeatable=True)


def merge_aliases(call: Call, inputs: Mapping[str, Any], version: State, aliases: list[str]) -> State:
    """`models.mergeVersionAliases`: adds aliases and takes them from other versions; `-ALIAS` removes one."""
    request = methods(call).mergeVersionAliases(name=full_name(inputs, version), body={"versionAliases": aliases})
    found: State = call.api.call(request, repeatable=True)
    return found
