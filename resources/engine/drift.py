"""Fixed fields that were changed outside Pulumi: how a state stores them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from resources.engine import state_differences
from resources.schema import secrets
from resources.schema.fields import Schema

DRIFT = "drift"
"""The output that stores them: path -> what the API has now."""
State = dict[str, Any]


def as_found(olds: Mapping[str, Any]) -> State:
    """A state with the API's values of the drifted fields."""
    return state_differences.put(olds, olds.get(DRIFT) or {})


def state_of(schema: Schema, inputs: State, live: State) -> State:
    """The state after a call, without secrets that the API repeats: the engine hides only those in inputs."""
    state = schema.observed(inputs, live)
    return {DRIFT: {}, **state, **secrets.Hidden(inputs).values(state, schema.names("output"))}


def with_drift(schema: Schema, inputs: State, state: State, fixed: list[str]) -> State:
    """A refreshed state: changed fixed fields keep their declared values, and the API's values are stored as drift.

    Args:
        schema: of the resource.
        inputs: as declared.
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
