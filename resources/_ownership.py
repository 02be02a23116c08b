"""Whose a resource is: a label, set at create and never changed, that only this resource of this stack can compute.

A process that dies after a create took effect and before the state said so leaves a resource that nobody knows. The
next `up` finds the name taken; by this label it knows its own from another's. The label hashes the stack's identity
(random, kept in the state), the URN (a second declaration of the same name is another one) and the fixed fields (a
half-made resource of an earlier program is not what is wanted now).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from resources._values import Failure, join

if TYPE_CHECKING:
    from resources._schema import Schema

LABEL = "tf2-models-owner"


def failures(inputs: Mapping[str, Any], where: str) -> Iterator[Failure]:
    """Refuses the label among a program's own: it would take the mark's place."""
    labels = inputs.get("labels")
    if isinstance(labels, Mapping) and LABEL in labels:
        yield join(where, f"labels.{LABEL}"), "is how a stack knows its own: choose another key"


def mark(schema: Schema, inputs: Mapping[str, Any], urn: str) -> str:
    """The label's value; empty where the program names no owner, or the engine no URN."""
    owner = inputs.get("owner")
    if not owner or not urn:
        return ""
    facts = {name: inputs[name] for name in schema.names("path", "fixed") if name in inputs}
    text = json.dumps([owner, urn, facts], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def marked(inputs: Mapping[str, Any], value: str) -> dict[str, Any]:
    """The inputs with the label among their own."""
    return {**inputs, "labels": {**(inputs.get("labels") or {}), LABEL: value}} if value else dict(inputs)


def bears_mark(inputs: Mapping[str, Any]) -> bool:
    """Whether a `create` of these can be repeated after a lost answer: what it made would be known by its label."""
    return LABEL in (inputs.get("labels") or {})


def is_marked(live: Mapping[str, Any], value: str) -> bool:
    """Whether the API's resource bears the label."""
    return bool(value) and (live.get("labels") or {}).get(LABEL) == value
