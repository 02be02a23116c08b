"""Every field of every resource, changed: what the engine is asked to do, and what goes over the wire."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from resources.engine.drift import DRIFT
from resources.engine.provider import Provider
from resources.schema import secrets, types
from resources.schema.fields import Schema
from tests.changes.recorder import recording
from tests.kinds.kind import Kind
from tests.kinds.rows import Row, Sent, edited, fill, leaves, numbers
from tests.kinds.storage import saved_model
from tests.kinds.table import KINDS
from tests.kinds.world import World
from tests.providers import State, as_engine, configured
from tests.running import RunningEmulator

NOBODY = "http://127.0.0.1:9"
_FILES = {"saved_model.pb": {"size": 300, "crc32c": "AAAAAA=="}, "rows.json": {"size": 3, "crc32c": "AAAAAA=="}}
NAMES: State = {
    "<project>": "p",
    "<bucket>": "p-models",
    "<model>": "m",
    "<files one>": _FILES,
    "<files two>": {**_FILES, "rows.json": {"size": 3, "crc32c": "AAAAAQ=="}},
    "<files three>": {**_FILES, "more.txt": {"size": 3, "crc32c": "AAAAAA=="}},
    "<files spelled>": {path: {**facts, "size": float(str(facts["size"]))} for path, facts in reversed(_FILES.items())},
}
"""What the rows' `<...>` stand for where nothing is called."""


def told_rows() -> list[Any]:
    """Every row as a parameter."""
    return [pytest.param(kind, row, id=f"{name} {row.title}") for name, kind in KINDS.items() for row in kind.rows]


def wire_rows() -> list[Any]:
    """The rows after which something is sent: an update, or a replacement by a resource that may be replaced."""
    return [
        pytest.param(kind, row, id=f"{name} {row.title}")
        for name, kind in KINDS.items()
        for row in kind.rows
        if row.wire or (row.step == "replace" and kind.replaced) or (row.step == "refused" and kind.replaceable)
    ]


def step_of(provider: Provider, olds: State, old: State, news: State) -> str:
    """What the engine makes of `check` and `diff`."""
    if provider.check(old, news).failures:
        return "refused"
    difference = provider.diff(provider.identity(old), olds, news)
    assert bool(difference.delete_before_replace) is bool(difference.replaces)
    if difference.replaces:
        return "replace"
    return "update" if difference.changes else "same"


def states(kind: Kind, row: Row, names: State) -> tuple[State, State]:
    """The inputs that were and those that are wanted, as the engine hands them over."""
    old = edited(kind.inputs, row.old)
    return as_engine(fill(old, names)), as_engine(fill(edited(old, row.new), names))


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_every_field_has_its_rows(kind: Kind) -> None:
    """Each leaf is changed, each optional one is given and taken away, each number is spelled as a float."""
    schema, rows = kind.provider.schema, kind.rows
    required = {*types.required(schema.inputs), *(name for name, known in schema.fields.items() if known.config_key)}
    free = any(secrets.free_paths(schema, name) for name in schema.hints)
    unsaid = set() if free else {"secrets"}  # where nothing may be secret, nothing can be said of it
    inputs = set(schema.names("path", "fixed", "mutable", "local")) - unsaid

    changed = {row.field for row in rows if row.change == "changed"}
    assert set(leaves(schema)) - unsaid | set(schema.mutable_leaves()) <= changed | _above(changed)
    for change in ("given", "taken away"):
        found = {row.name for row in rows if row.change == change}
        assert inputs - required <= found, change
        alone = {row.field for row in rows if row.change == change}
        assert set(_optional_leaves(schema)) <= alone
    spelled = {row.name for row in rows if row.change == "spelled"}
    assert set(numbers(schema)) <= spelled
    assert {row.name for row in rows} == inputs
    titles = [row.title for row in rows]
    assert len(titles) == len(set(titles))


def _optional_leaves(schema: Schema) -> Iterator[str]:
    """The paths of what is patched alone, beside others of its object, and may be left out."""
    for path in schema.mutable_leaves():
        name, _, leaf = path.partition(".")
        if len(schema.fields[name].leaves) > 1 and leaf not in types.required(schema.types[name]):
            yield path


def _above(paths: Iterable[str]) -> set[str]:
    """The paths of the objects that these leaves are in."""
    return {path.rpartition(".")[0] for path in paths}


@pytest.mark.parametrize(("kind", "row"), told_rows())
def test_the_engine_is_told_what_a_change_does(kind: Kind, row: Row) -> None:
    """`check` and `diff` together, without one call; a refusal names the field, and can be allowed."""
    provider = configured(kind.provider, NOBODY)
    recorder = recording(provider)
    old, news = states(kind, row, NAMES)
    schema = provider.schema
    live = schema.pick(old, [name for name in schema.names("fixed", "mutable") if name in old])
    olds = as_engine({DRIFT: {}, **schema.observed(old, live)})

    assert step_of(provider, olds, old, news) == row.step
    if row.step == "refused":
        [failure] = provider.check(old, news).failures
        assert row.field.startswith(failure.reason.partition(" of ")[0])
        assert re.search(r"cannot be changed in place: \S+ was .+, wanted .+\. ", failure.reason), failure.reason
        assert ("pin the artifact" in failure.reason) is (row.field == "deploymentUri")
        allowed = {"allowDowntime": True}
        assert step_of(provider, {**olds, **allowed}, {**old, **allowed}, {**news, **allowed}) == "replace"
    if row.step == "update" and not row.wire:
        outs = as_engine(provider.update(provider.identity(old), olds, news).outs or {})
        assert schema.inputs_of(outs) == news
        assert step_of(provider, outs, news, news) == "same"
    assert recorder.calls == []


@pytest.mark.tensorflow
@pytest.mark.parametrize(("kind", "row"), wire_rows())
def test_a_change_sends_exactly_its_own(
    kind: Kind, row: Row, emulator: RunningEmulator, project: str, tmp_path: Path
) -> None:
    """Each call that changes something: its method, its update mask, its JSON; then there is no difference left."""
    world = World(emulator, project, tmp_path)
    kind.prepare(world)
    names = world.names()
    provider = configured(kind.provider, emulator.endpoint)
    old, news = states(kind, row, names)
    olds = as_engine(provider.create(dict(old)).outs or {}) if row.made else old
    identity, recorder = provider.identity(old), recording(provider)

    if row.step == "update":
        outs = provider.update(identity, olds, news).outs
    else:
        outs = _replaced(provider, row, identity, olds, news)

    assert texts(recorder.sent) == texts(fill_all(expected(kind, row), names))
    if outs:
        assert step_of(provider, as_engine(outs), news, news) == "same"


def _replaced(provider: Provider, row: Row, identity: str, olds: State, news: State) -> State | None:
    """Deletes what is there, as the engine does first, and makes what is wanted."""
    if row.made:
        provider.delete(identity, olds)
    if row.answer is None:
        return provider.create(news).outs
    with pytest.raises(row.answer):
        provider.create(news)
    return None


def expected(kind: Kind, row: Row) -> list[Sent]:
    """What the row says is sent."""
    if row.step == "update" or not kind.body:
        return list(row.wire)
    deleted = [Sent(kind.delete)] if row.made else []
    return [*deleted, Sent(kind.create, None, kind.request(edited(kind.body, row.body))), *row.then]


def texts(calls: list[Sent]) -> list[str]:
    """The calls to compare: in their order, but for uploads, which are sent in parallel."""
    found = [call.text for call in calls]
    return sorted(found) if any(call.method == saved_model.INSERT for call in calls) else found


def fill_all(calls: list[Sent], names: State) -> list[Sent]:
    """The calls with what their `<...>` stand for."""
    return [call._replace(body=fill(call.body, names)) for call in calls]


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_what_is_not_known_yet_is_neither_refused_nor_replaced(kind: Kind) -> None:
    """At preview a value that comes from a resource that is still to be made is no reason for anything."""
    provider = configured(kind.provider, NOBODY)
    old = as_engine(fill(kind.inputs, NAMES))
    fields = [name for name in provider.schema.names("fixed", "mutable", "local") if name in old]

    assert fields
    for name in fields:
        assert step_of(provider, {DRIFT: {}, **old}, old, {**old, name: types.UNKNOWN}) in ("same", "update"), name
