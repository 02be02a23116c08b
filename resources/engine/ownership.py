"""Who owns a resource: a label, set at create and never changed, that only this resource of this stack can compute.

If a process dies after a create took effect but before the state is saved, the resource is missing in the state. The
next `up` finds the name taken, and recognizes its own resource by this label. The label consists of three hashes:

- of the stack's identity, which is random and stored in the state;
- of the type and logical name, so that a second declaration of the same name differs. The stack may be renamed;
- of the fixed fields, so that a half-made resource of an earlier program is not mistaken for the current one.

If a program changes a resource's logical name without an alias, the engine creates the new resource, then deletes the
old one. The old one must not delete what the new one has taken over.
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
"""Owner and resource -> URN of the declaration that created it, or took it over, in this run of the engine."""
_declared: dict[str, Mapping[str, Any]] = {}
"""URN -> inputs of what the program declares in this run; filled by `check`, which the engine calls first."""


def mark(schema: Schema, inputs: Mapping[str, Any], urn: str) -> str:
    """The label's value; empty if the owner or the URN is unknown."""
    owner = inputs.get("owner")
    if not owner or not urn:
        return ""
    facts = {name: inputs[name] for name in schema.names("path", "fixed") if name in inputs}
    return f"{_hashed(owner)}-{_hashed(owner, declaration(urn))}-{_hashed(owner, facts)}"


def declaration(urn: str) -> str:
    """The type and the logical name of a URN, without the names of stack and project, which can change."""
    return "::".join(urn.split("::")[2:])


def _hashed(*parts: Any) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def marked(inputs: Mapping[str, Any], value: str) -> dict[str, Any]:
    """The inputs with the label added to their labels."""
    return {**inputs, "labels": {**(inputs.get("labels") or {}), LABEL: value}} if value else dict(inputs)


def bears_mark(inputs: Mapping[str, Any]) -> bool:
    """Whether a `create` of these inputs can be repeated after a lost response: the label identifies its result."""
    return LABEL in (inputs.get("labels") or {})


def is_marked(live: Mapping[str, Any], value: str) -> bool:
    """Whether the API's resource has the label."""
    return bool(value) and (live.get("labels") or {}).get(LABEL) == value


def is_of_declaration(live: Mapping[str, Any], value: str) -> bool:
    """Whether the declaration with this label created it, with any fixed fields."""
    return bool(value) and str((live.get("labels") or {}).get(LABEL)).split("-")[:2] == value.split("-")[:2]


def is_of_stack(live: Mapping[str, Any], value: str) -> bool:
    """Whether the stack with this label created it, by any declaration."""
    return bool(value) and str((live.get("labels") or {}).get(LABEL)).split("-")[0] == value.split("-", maxsplit=1)[0]


def require(live: Mapping[str, Any], value: str, refusal: errors.AlreadyExists | None) -> None:
    """Raises the refusal, if there is one, unless the resource has the label.

    Raises:
        AlreadyExists: another declaration of the same stack created it; then `adopt` does not help either.
    """
    stack, declaration, _ = f"{value}--".split("-")[:3]
    others = str((live.get("labels") or {}).get(LABEL, "")).split("-")
    if stack and len(others) == 3 and others[0] == stack and others[1] != declaration:
        raise errors.AlreadyExists(
            "this stack made it under another logical name: keep that, or set aliases=[pulumi.Alias(name=OLD_NAME)]; "
            f"if it is no longer in the state, remove its label {LABEL} and set adopt: true"
        )
    if refusal and not is_marked(live, value):
        raise refusal


def declare(urn: str, inputs: Mapping[str, Any]) -> None:
    """Notes that the program declares this resource: if it is deleted in this run, it is created again."""
    if urn:
        _declared[urn] = inputs


def declared(urn: str) -> Mapping[str, Any]:
    """The inputs with which the program declares the resource in this run; empty if it does not.

    If it does, a deletion of the resource is part of a replacement.
    """
    return _declared.get(urn, {})


def is_destroy() -> bool:
    """Whether this run of the engine declares nothing, as `destroy`."""
    return not _declared


def all_declared() -> Iterator[Mapping[str, Any]]:
    """The inputs of everything that the program declares in this run."""
    return iter(list(_declared.values()))  # other threads add to it


def hold(inputs: Mapping[str, Any], resource: str, urn: str) -> None:
    """Notes that this declaration now has the resource."""
    if urn:
        _holders[str(inputs.get("owner")), resource] = urn


def is_held_by_another(inputs: Mapping[str, Any], resource: str, urn: str) -> bool:
    """Whether another declaration of the same stack has taken the resource in this run."""
    return bool(urn) and _holders.get((str(inputs.get("owner")), resource), urn) != urn
