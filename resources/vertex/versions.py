"""The versions of a model in the registry: found by the label that holds their names, and which one is the default."""

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
    """Every version of a model, the oldest first; none if there is no such model: `models.listVersions`."""
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
    """The version of a name; None if there is none.

    Of several it is the oldest. Labels of a model show on each of its versions, and where the service takes those of
    the first upload for the model's, later versions that others upload show its name too.
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
    """The keys of the labels that each of these versions shows. Those of their model are among them."""
    shown = [set(version.get("labels") or {}) for version in versions]
    return set.intersection(*shown) if shown else set()


def patch(call: Call, name: str, fields: Sequence[str], body: State, shared: Collection[str]) -> None:
    """`models.patch` of a model (`M`) or a version (`M@V`), which moves no label from the one to the other.

    Answers show the labels of a model and those of a version as one map, and a patch replaces one of the two. What the
    other one has shows still after a patch without it; what does not was of this one, and is put back.

    Args:
        call: what it is done with.
        name: full name of the model or version.
        fields: the mask.
        body: the masked fields, with the etag that was read.
        shared: the keys of labels in the body that may be of the other one.
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
    """`models.mergeVersionAliases`: adds aliases, which move here from other versions; `-ALIAS` removes one."""
    request = methods(call).mergeVersionAliases(name=full_name(inputs, version), body={"versionAliases": aliases})
    found: State = call.api.call(request, repeatable=True)
    return found
