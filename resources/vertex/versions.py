"""The versions of a model in the registry: found by the label that holds their names, and which one is the default."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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


def merge_aliases(call: Call, inputs: Mapping[str, Any], version: State, aliases: list[str]) -> State:
    """`models.mergeVersionAliases`: adds aliases, which move here from other versions; `-ALIAS` removes one."""
    request = methods(call).mergeVersionAliases(name=full_name(inputs, version), body={"versionAliases": aliases})
    found: State = call.api.call(request, repeatable=True)
    return found
