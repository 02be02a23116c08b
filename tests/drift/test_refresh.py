"""Every field of every resource, changed by somebody else: what `refresh` tells, and what the next `up` does."""

from __future__ import annotations

from typing import Any

import pytest

from resources.engine.drift import DRIFT
from resources.engine.provider import Provider
from resources.schema import types
from resources.schema.fields import Schema
from tests.changes.recorder import recording
from tests.changes.test_rows import NAMES, NOBODY, states, step_of
from tests.kinds.kind import Kind
from tests.kinds.rows import Row
from tests.kinds.table import KINDS
from tests.providers import State, as_engine, configured


def rows(*outcomes: str) -> list[Any]:
    """The rows that somebody else can bring about, by what becomes of them."""
    return [
        pytest.param(kind, row, id=f"{name} {row.title}")
        for name, kind in KINDS.items()
        for row in kind.rows
        if seen_by_refresh(kind, row) and row.outcome(kind.provider.schema) in outcomes
    ]


def seen_by_refresh(kind: Kind, row: Row) -> bool:
    """Whether it is a change of something that the API holds."""
    api = kind.provider.schema.names("fixed", "mutable")
    return row.change != "spelled" and row.name in api


def live(schema: Schema, inputs: State) -> State:
    """What the API answers for these inputs: it leaves out what is empty."""
    given = [name for name in schema.names("fixed", "mutable") if name in inputs]
    return {name: value for name, value in schema.pick(inputs, given).items() if not types.is_empty(value)}


def refreshed(kind: Kind, row: Row) -> tuple[Provider, State, State, State, State]:
    """The provider; the inputs that were and those that somebody brought about; outputs and inputs after a refresh."""
    provider = configured(kind.provider, NOBODY)
    old, new = states(kind, row, NAMES)
    read = provider.read_result(provider.identity(old), old, live(provider.schema, new))
    return provider, old, new, as_engine(read.outs or {}), as_engine(read.inputs or {})


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_no_field_is_forgotten(kind: Kind) -> None:
    """Each field that the API holds is changed from outside; each one that may be left out is also set from outside."""
    schema = kind.provider.schema
    found = {(row.name, row.outcome(schema)) for row in kind.rows if seen_by_refresh(kind, row)}

    for name in schema.names("mutable"):
        assert (name, "mended") in found, name
    for name in schema.names("fixed"):
        assert (name, "reported") in found, name
    for name in set(schema.names("fixed", "mutable")) - set(types.required(schema.inputs)):
        assert (name, "left alone") in found, name
    changed = {row.field for row in kind.rows if row.outcome(schema) == "mended"}
    above = {field.rpartition(".")[0] for field in changed}
    assert set(schema.mutable_leaves()) <= changed | above


@pytest.mark.parametrize(("kind", "row"), rows("mended"))
def test_what_can_be_patched_is_shown_and_patched_back(kind: Kind, row: Row) -> None:
    """The refreshed state holds what the API has, so that the next `up` patches the leaves that were changed."""
    provider, old, _, outs, inputs = refreshed(kind, row)

    assert outs[DRIFT] == {}
    assert inputs != old
    assert DRIFT not in inputs
    assert step_of(provider, outs, inputs, old) == "update"
    assert provider.compared(outs, old).fixed == []
    mask = (row.wire[-1].mask or "").split(",") if row.wire else [""]
    if {path.partition(".")[0] for path in mask} <= set(provider.schema.names("mutable")):
        leaves = provider.compared(outs, old).patch
        assert mask in (leaves, sorted({path.partition(".")[0] for path in leaves}))  # or the fields that hold them


@pytest.mark.parametrize(("kind", "row"), rows("reported"))
def test_what_cannot_be_patched_is_told_and_may_be_written_down(kind: Kind, row: Row) -> None:
    """Preview names the field and both ways out; a program that says what the API has is accepted without a call."""
    provider, old, new, outs, inputs = refreshed(kind, row)
    recorder = recording(provider)

    assert outs[DRIFT]
    assert provider.schema.inputs_of(outs) == old
    assert step_of(provider, outs, inputs, old) == "refused"
    reasons = [failure.reason for failure in provider.check(inputs, old).failures]
    assert all("was changed outside: " in reason and "declare the new value" in reason for reason in reasons)
    allowed = {"allowDowntime": True}
    assert step_of(provider, outs, {**inputs, **allowed}, {**old, **allowed}) == "replace"

    assert step_of(provider, outs, inputs, new) == "update"
    accepted = as_engine(provider.update(provider.identity(new), outs, new).outs or {})
    assert accepted[DRIFT] == {}
    assert step_of(provider, accepted, new, new) == "same"
    assert recorder.calls == []


@pytest.mark.parametrize(("kind", "row"), rows("left alone"))
def test_what_the_program_does_not_say_is_not_looked_at(kind: Kind, row: Row) -> None:
    """Labels and files that others added, scaling and logging where none is declared: no difference."""
    provider, old, _, outs, inputs = refreshed(kind, row)

    assert (inputs, outs[DRIFT]) == (old, {})
    assert step_of(provider, outs, inputs, old) == "same"
