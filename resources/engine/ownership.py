"""Whose a resource is: a label, set at create and never changed, that only this resource of this stack can compute.

A process that dies after a create took effect and before the state said so leaves a resource that nobody knows. The
next `up` finds the name taken; by this label it knows its own from another's. The label is three hashes: of the stack's
identity (random, kept in the state), of the type and logical name (a second declaration of the same name is another
one; the stack's own name may change) and of the fixed fields (a half-made resource of an earlier program is not what is
wanted now).

A program that gives a resource another logical name, and no alias, declares a second one and drops the first: the
engine makes, then deletes. What the second has taken over is not the first one's to delete.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from gcp import errors
from resources.schema.fields import Schema
from resources.schema.labels import LABEL

_holders: dict[tuple[str, str], str] = {}
"""Owner and resource -> URN of the declaration that made it, or took it over, in this run of the engine."""
_declared: dict[str, Mapping[str, Any]] = {}
"""URN -> inputs of what the program declares in this run of the engine, which asks for a `check` of each first."""


def mark(schema: Schema, inputs: Mapping[str, Any], urn: str) -> str:
    """The label's value; empty where the program names no owner, or the engine no URN."""
    owner = inputs.get("owner")
    if not owner or not urn:
        return ""
    facts = {name: inputs[name] for name in schema.names("path", "fixed") if name in inputs}
    return f"{_hashed(owner)}-{_hashed(owner, declaration(urn))}-{_hashed(owner, facts)}"


def declaration(urn: str) -> str:
    """A URN without the stack's and the project's name, which can change: the type and the logical name."""
    return "::".join(urn.split("::")[2:])


def _hashed(*parts: Any) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def marked(inputs: Mapping[str, Any], value: str) -> dict[str, Any]:
    """The inputs with the label among their own."""
    return {**inputs, "labels": {**(inputs.get("labels") or {}), LABEL: value}} if value else dict(inputs)


def bears_mark(inputs: Mapping[str, Any]) -> bool:
    """Whether a `create` of these can be repeated after a lost answer: what it made would be known by its label."""
    return LABEL in (inputs.get("labels") or {})


def is_marked(live: Mapping[str, Any], value: str) -> bool:
    """Whether the API's resource bears the label."""
    return bool(value) and (live.get("labels") or {}).get(LABEL) == value


def is_of_declaration(live: Mapping[str, Any], value: str) -> bool:
    """Whether the declaration with this label made it, from whatever fields it had then."""
    return bool(value) and str((live.get("labels") or {}).get(LABEL)).split("-")[:2] == value.split("-")[:2]


def is_of_stack(live: Mapping[str, Any], value: str) -> bool:
    """Whether the stack with this label made it, by whatever declaration."""
    return bool(value) and str((live.get("labels") or {}).get(LABEL)).split("-")[0] == value.split("-", maxsplit=1)[0]


def require(live: Mapping[str, Any], value: str, refusal: errors.AlreadyExists | None) -> None:
    """Raises the refusal, if there is one, unless the resource bears the label.

    Raises:
        AlreadyExists: also where it might be adopted, if another declaration of the same stack made it.
    """
    stack, declaration, _ = f"{value}--".split("-")[:3]
    others = str((live.get("labels") or {}).get(LABEL, "")).split("-")
    if stack and len(others) == 3 and others[0] == stack and others[1] != declaration:
        raise errors.AlreadyExists(
            "this stack made it under another logical name: keep that, or say aliases=[pulumi.Alias(name=OLD_NAME)]; "
            f"where the state does not hold it any more, remove its label {LABEL} and say adopt: true"
        )
    if refusal and not is_marked(live, value):
        raise refusal


def declare(urn: str, inputs: Mapping[str, Any]) -> None:
    """Notes that the program declares this resource: what is deleted of it in this run is to be made again."""
    if urn:
        _declared[urn] = inputs


def declared(urn: str) -> Mapping[str, Any]:
    """The inputs under which, in this run, the program declares the resource; empty where it does not.

    Where it does, the deletion of the resource is part of a replacement.
    """
    return _declared.get(urn, {})


def all_declared() -> Iterator[Mapping[str, Any]]:
    """The inputs of everything that, in this run, the program declares."""
    return iter(list(_declared.values()))  # other threads add to it


def hold(inputs: Mapping[str, Any], resource: str, urn: str) -> None:
    """Notes that this declaration has the resource now."""
    if urn:
        _holders[str(inputs.get("owner")), resource] = urn


def is_held_by_another(inputs: Mapping[str, Any], resource: str, urn: str) -> bool:
    """Whether, in this run, another declaration of the same stack has the resource."""
    return bool(urn) and _holders.get((str(inputs.get("owner")), resource), urn) != urn
