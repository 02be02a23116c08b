"""Fixed fields that somebody changed outside: how a state holds them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from resources.engine import state_differences
from resources.schema import secrets
from resources.schema.fields import Schema

DRIFT = "drift"
"""The output that holds them: path -> what the API has now."""
State = dict[str, Any]


def as_found(olds: Mapping[str, Any]) -> State:
    """A state with the drifted fields as the API has them."""
    return state_differences.put(olds, olds.get(DRIFT) or {})


def state_of(schema: Schema, inputs: State, live: State) -> State:
    """The state after a call. What the API says by itself may repeat a secret; the engine marks inputs only."""
    state = schema.observed(inputs, live)
    return {DRIFT: {}, **state, **secrets.Hidden(inputs).values(state, schema.names("output"))}


def with_drift(schema: Schema, inputs: State, state: State, fixed: list[str]) -> State:
    """A state that a refresh found, with the changed fixed fields as they were declared, and as drift.

    Args:
        schema: of the resource.
        inputs: as they were declared.
        state: as the API has it.
        fixed: the paths of the fixed fields that differ.
    """
    changed = [*fixed, *(schema.inputs_of(state).keys() - inputs.keys())]
    declared = {path: state_differences.at(inputs, path) for path in changed}
    return {**state_differences.put(state, declared), DRIFT: {path: _now(state, path) for path in changed}}


def _now(state: State, path: str) -> Any:
    if secrets.is_secret(state, path):
        return secrets.HIDDEN
    now = state_differences.at(state, path)
    return state_differences.NOTHING if now is None else now
