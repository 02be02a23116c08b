"""What somebody else changed at the API: shown by refresh, put back by the calls that it takes and no other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from resources.engine.drift import DRIFT
from resources.engine.provider import Provider
from tests.changes.recorder import recording
from tests.changes.test_rows import fill_all, states, step_of, texts
from tests.drift.test_refresh import seen_by_refresh
from tests.kinds.kind import Kind
from tests.kinds.ml.default_version import DEFAULT_VERSION
from tests.kinds.ml.version import VERSION
from tests.kinds.rows import Row, Sent, edited
from tests.kinds.storage.saved_model import SAVED_MODEL
from tests.kinds.table import KINDS
from tests.kinds.vertex.deployed_model import DEPLOYED_MODEL
from tests.kinds.world import World
from tests.providers import State, as_engine, configured
from tests.running import RunningEmulator

pytestmark = pytest.mark.tensorflow


def one_row_per_field(outcome: str) -> list[Any]:
    """Of each field that is patched alone, or is fixed, the first row that the emulator can bring about."""
    return [pytest.param(kind, row, id=f"{name} {row.title}") for name, kind, row in _firsts(outcome)]


def _firsts(outcome: str) -> Iterator[tuple[str, Kind, Row]]:
    for name, kind in KINDS.items():
        schema, seen = kind.provider.schema, set[str]()
        for row in kind.rows:
            field = row.field if row.field in schema.mutable_leaves() else row.name
            served = row.made and row.answer is None and seen_by_refresh(kind, row) and row.change == "changed"
            made_again = (outcome == "mended" or kind.body) and row.name != "owner"
            if served and made_again and row.outcome(schema) == outcome and field not in seen:
                seen.add(field)
                yield name, kind, row


class Scene:
    """A resource as a row's `old` says, which somebody else is about to change to its `new`."""

    def __init__(self, kind: Kind, row: Row, world: World) -> None:
        self.kind, self.row = kind, row
        kind.prepare(world)
        self.names = world.names()
        self.provider, self.other = (configured(kind.provider, world.emulator.endpoint) for _ in range(2))
        self.old, self.new = states(kind, row, self.names)
        self.identity = self.provider.identity(self.old)
        self.olds = as_engine(self.provider.create(dict(self.old)).outs or {})

    def refreshed(self) -> tuple[State, State]:
        """Outputs and inputs after a refresh."""
        read = self.provider.read(self.identity, dict(self.olds))
        return as_engine(read.outs or {}), as_engine(read.inputs or {})

    def put_back(self) -> list[Sent]:
        """The row's calls with the old values in the place of the new ones."""
        if self.row.name == "files":
            return fill_all(
                list(self.row.wire), {**self.names, "<crc two rows.json>": self.names["<crc one rows.json>"]}
            )
        if self.row.back is not None:
            return fill_all([*self.row.wire[:-1], self.row.wire[-1]._replace(body=self.row.back)], self.names)
        old = edited(self.kind.inputs, self.row.old)
        body = {name: _restored(name, value, old[name]) for name, value in (self.row.wire[-1].body or {}).items()}
        return fill_all([*self.row.wire[:-1], self.row.wire[-1]._replace(body=body)], self.names)


def _restored(name: str, sent: Any, old: Any) -> Any:
    """Of labels the old ones beside those of others; of an object that is patched by leaves the same leaves."""
    if name == "labels":
        return {**sent, **old}
    return {key: old[key] for key in sent} if isinstance(sent, dict) and sent.keys() <= old.keys() else old


@pytest.fixture
def world(emulator: RunningEmulator, project: str, tmp_path: Path) -> World:
    """A project of the test's own."""
    return World(emulator, project, tmp_path)


def test_the_emulator_brings_about_a_change_of_every_field_that_it_serves() -> None:
    """`test_refresh` alone covers what is left; a SavedModel's `owner` is a claim, which has tests of its own."""
    found = {(name, row.name) for outcome in ("mended", "reported") for name, _, row in _firsts(outcome)}
    fields = {(name, field) for name, kind in KINDS.items() for field in kind.provider.schema.names("fixed", "mutable")}

    unserved = {"container", "routes", "serviceAccount", "predictionClass", "packageUris", "framework"}
    assert fields - found == {
        *(("ml.Version", field) for field in unserved),
        ("vertex.ModelVersion", "predictSchemata"),
        ("vertex.BatchPredictionJob", "labels"),
        *(("vertex.DeployedModel", field) for field in DEPLOYED_MODEL.provider.schema.names("fixed")),
        ("storage.SavedModel", "contentDigest"),
        ("storage.SavedModel", "owner"),
    }


@pytest.mark.parametrize(("kind", "row"), one_row_per_field("mended"))
def test_a_change_from_outside_is_put_back(kind: Kind, row: Row, world: World) -> None:
    """Refresh shows it; `up` sends the method, the mask and the JSON that put exactly it back."""
    scene = Scene(kind, row, world)
    scene.other.update(scene.identity, scene.olds, scene.new)

    outs, inputs = scene.refreshed()
    assert step_of(scene.provider, outs, inputs, scene.old) == "update"
    recorder = recording(scene.provider)
    scene.provider.update(scene.identity, outs, scene.old)

    # On Vertex AI a first patch of labels may find out which of the others are a model's, and which a version's.
    sent = recorder.sent[-1:] if row.field == "labels" else recorder.sent
    assert texts(sent) == texts(scene.put_back())
    assert scene.refreshed()[1] == scene.old
    assert _is_the_same(scene.provider, scene.refreshed(), scene.old)


def _is_the_same(provider: Provider, refreshed: tuple[State, State], wanted: State) -> bool:
    outs, inputs = refreshed
    return step_of(provider, outs, inputs, wanted) == "same"


@pytest.mark.parametrize(("kind", "row"), one_row_per_field("reported"))
def test_what_was_deleted_and_made_again_otherwise_is_told(kind: Kind, row: Row, world: World) -> None:
    """Refresh reports the drift and keeps the inputs; nothing is touched unless `allowDowntime` says so."""
    scene = Scene(kind, row, world)
    scene.other.delete(scene.identity, scene.olds)
    scene.other.create(scene.new)

    outs, inputs = scene.refreshed()
    assert any(path.startswith(row.name) for path in outs[DRIFT])
    assert step_of(scene.provider, outs, inputs, scene.old) == "refused"
    allowed = {**scene.old, "allowDowntime": True}
    assert step_of(scene.provider, outs, inputs, allowed) == "replace"

    scene.provider.delete(scene.identity, outs)
    scene.olds = as_engine(scene.provider.create(allowed).outs or {})
    assert _is_the_same(scene.provider, scene.refreshed(), allowed)


@pytest.mark.parametrize("name", [name for name, kind in KINDS.items() if kind.vanishes])
def test_what_was_deleted_is_made_again(name: str, world: World) -> None:
    """Refresh drops it; `up` makes it as it was."""
    kind = KINDS[name]
    provider, other = world.provider(kind.provider), world.provider(kind.provider)
    inputs = as_engine(kind.declare(world))
    created = provider.create(dict(inputs))
    other.delete(created.id, as_engine(created.outs or {}))

    assert provider.read(created.id, as_engine(created.outs or {})).id == ""
    again = as_engine(provider.create(dict(inputs)).outs or {})
    assert _is_the_same(provider, (again, inputs), inputs)


def test_an_object_that_was_removed_is_sent_again(world: World) -> None:
    """Refresh shows the file missing; `up` sends that file and no other."""
    provider, inputs = world.provider(SAVED_MODEL.provider), as_engine(SAVED_MODEL.declare(world))
    created = provider.create(dict(inputs))
    name = f"{inputs['prefix']}/saved_model.pb"
    world.emulator.storage().objects().delete(bucket=world.bucket, object=name).execute()

    read = provider.read(created.id, as_engine(created.outs or {}))
    outs = as_engine(read.outs or {})
    assert (read.inputs or {})["files"].keys() == {"rows.json"}
    assert step_of(provider, outs, as_engine(read.inputs or {}), inputs) == "update"
    recorder = recording(provider)
    mended = as_engine(provider.update(created.id, outs, inputs).outs or {})

    crc32c = inputs["files"]["saved_model.pb"]["crc32c"]
    assert recorder.sent == [Sent("storage.objects.insert", None, {"name": name, "crc32c": crc32c})]
    assert _is_the_same(provider, (mended, inputs), inputs)


def test_a_default_that_nobody_sets_any_more_is_set_again(world: World) -> None:
    """Where all versions were deleted the model has no default: refresh drops it, and `up` sets it."""
    provider, inputs = world.provider(DEFAULT_VERSION.provider), as_engine(DEFAULT_VERSION.declare(world))
    created = provider.create(dict(inputs))
    versions = world.provider(VERSION.provider)
    for name in ("v1", "v2"):
        versions.delete(name, {"project": world.project, "model": "m", "name": name})

    assert provider.read(created.id, as_engine(created.outs or {})).id == ""
