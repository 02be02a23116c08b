"""One that exists already: refused without `adopt`, compared and taken over with it, every difference reported."""

from __future__ import annotations

from pathlib import Path

import pytest

from gcp import errors
from tests.changes.recorder import Recorder, recording
from tests.kinds.kind import Kind
from tests.kinds.ml.model import MODEL
from tests.kinds.ml.version import VERSION
from tests.kinds.storage.bucket import BUCKET
from tests.kinds.table import KINDS
from tests.kinds.world import World
from tests.providers import State, as_engine
from tests.running import RunningEmulator

pytestmark = pytest.mark.tensorflow
ADOPTED = {name: kind for name, kind in KINDS.items() if not kind.provider.create_adopts_existing}
ADOPT = {"adopt": True}


@pytest.fixture
def world(emulator: RunningEmulator, project: str, tmp_path: Path) -> World:
    """A project of the test's own."""
    return World(emulator, project, tmp_path)


@pytest.mark.parametrize("name", ADOPTED)
def test_what_is_the_same_is_taken_over_by_a_read_alone(name: str, world: World) -> None:
    """No call changes anything; taking `adopt` away again is no change."""
    kind = ADOPTED[name]
    inputs = as_engine(kind.declare(world))
    made = as_engine(world.provider(kind.provider).create(dict(inputs)).outs or {})

    provider = world.provider(kind.provider)
    recorder = recording(provider)
    taken = provider.create({**inputs, **ADOPT})

    assert recorder.sent == []
    assert as_engine(taken.outs or {}) == {**made, **ADOPT}
    assert provider.diff(taken.id, as_engine(taken.outs or {}), inputs).changes is False


@pytest.mark.parametrize("name", ADOPTED)
def test_what_can_be_patched_is_patched_and_told(name: str, world: World) -> None:
    """One patch of exactly the fields that differ; without `adopt` the error names it and nothing is sent but that."""
    kind = ADOPTED[name]
    inputs = as_engine(kind.declare(world))
    world.provider(kind.provider).create(dict(inputs))
    edit, mask = kind.patches[0]
    provider = world.provider(kind.provider)

    with pytest.raises(errors.AlreadyExists, match="adopt: true takes it over"):
        provider.create({**inputs, **edit})

    recorder = recording(provider)
    taken = provider.create(as_engine({**inputs, **edit, **ADOPT}))
    assert len(recorder.sent) == 1
    body = recorder.sent[0].body
    assert body is not None
    assert set(body) == {path.partition(".")[0] for path in mask}
    assert provider.diff(taken.id, as_engine(taken.outs or {}), as_engine({**inputs, **edit})).changes is False


def _refused(world: World, kind: Kind, wanted: State) -> str:
    provider = world.provider(kind.provider)
    recorder: Recorder = recording(provider)
    with pytest.raises(errors.FailedPrecondition) as caught:
        provider.create(as_engine({**wanted, **ADOPT}))
    assert recorder.sent == []
    return str(caught.value)


def test_a_version_that_is_another_is_refused_with_every_difference(world: World) -> None:
    """Both values of each field, of those that could be patched too; and nothing is touched."""
    inputs = VERSION.declare(world)
    world.provider(VERSION.provider).create(as_engine({**inputs, "labels": {"team": "a"}}))

    text = _refused(
        world,
        VERSION,
        {
            **inputs,
            "machineType": "n1-standard-4",
            "acceleratorConfig": {"count": 1, "type": "NVIDIA_TESLA_T4"},
            "autoScaling": {"minNodes": 2, "maxNodes": 2},
            "labels": {"team": "b"},
        },
    )

    assert text.startswith(
        f"create version projects/{world.project}/models/m/versions/v1: it already exists and differs:"
    )
    for difference in (
        "machineType is 'n1-standard-2', wanted 'n1-standard-4'",
        "acceleratorConfig.count is nothing, wanted 1",
        "acceleratorConfig.type is nothing, wanted 'NVIDIA_TESLA_T4'",
        "autoScaling.minNodes is 1, wanted 2",
        "labels.team is 'a', wanted 'b'",
    ):
        assert difference in text
    assert "\n" not in text


def test_other_scaling_is_refused(world: World) -> None:
    """Manual in the place of automatic scaling is no patch."""
    inputs = VERSION.declare(world)
    world.provider(VERSION.provider).create(as_engine(inputs))
    manual = {**{name: value for name, value in inputs.items() if name != "autoScaling"}, "manualScaling": {"nodes": 2}}

    assert "manualScaling.nodes is nothing, wanted 2" in _refused(world, VERSION, manual)


def test_labels_on_mls1_are_refused(world: World) -> None:
    """There the API patches no labels: adopting asks the same question as a change does."""
    inputs = {**VERSION.declare(world), "machineType": "mls1-c1-m2", "labels": {"team": "a"}}
    world.provider(VERSION.provider).create(as_engine(inputs))

    text = _refused(world, VERSION, {**inputs, "labels": {"team": "b"}})
    assert "labels.team is 'a', wanted 'b'" in text


def test_a_models_fixed_fields_are_all_told(world: World) -> None:
    """What the API leaves out, since it is false, is a difference too."""
    inputs = MODEL.declare(world)
    world.provider(MODEL.provider).create(as_engine(inputs))

    text = _refused(world, MODEL, {**inputs, "regions": ["us-central1"], "onlinePredictionLogging": True})
    assert "regions[0] is 'us-east1', wanted 'us-central1'" in text
    assert "onlinePredictionLogging is nothing, wanted True" in text


def test_a_buckets_location_may_be_spelled_otherwise(world: World) -> None:
    """The API writes locations in capitals; another location is refused."""
    inputs = {"project": world.project, "name": world.bucket, "location": "us-central1"}
    provider = world.provider(BUCKET.provider)
    provider.create(as_engine(inputs))

    taken = provider.create(as_engine({**inputs, "location": "Us-Central1", **ADOPT}))
    assert (taken.outs or {})["location"] == "Us-Central1"
    assert "location is 'US-CENTRAL1', wanted 'EU'" in _refused(world, BUCKET, {**inputs, "location": "EU"})


def test_what_is_not_there_is_made(world: World) -> None:
    """`adopt` is no condition: a resource that does not exist is created."""
    provider = world.provider(MODEL.provider)
    recorder = recording(provider)

    provider.create(as_engine({**MODEL.declare(world), **ADOPT}))

    assert [call.method for call in recorder.sent] == ["ml.projects.models.create"]


@pytest.mark.parametrize(("value", "accepted"), [("n1-standard-2", True), ("n1-standard-4", False)])
def test_a_fixed_field_written_down_for_the_first_time(value: str, accepted: bool, world: World) -> None:
    """Refused in preview, with `adopt` named; with it compared with the API, and accepted only where it is the same."""
    inputs = as_engine({**VERSION.declare(world), "machineType": "n1-standard-2"})
    world.provider(VERSION.provider).create(dict(inputs))
    silent = {name: item for name, item in inputs.items() if name != "machineType"}
    provider = world.provider(VERSION.provider)
    taken = provider.create({**silent, **ADOPT})
    olds, news = as_engine(taken.outs or {}), {**silent, "machineType": value}

    [failure] = provider.check(silent, news).failures
    assert "set adopt: true, which compares it and takes it over" in failure.reason

    news |= ADOPT
    assert provider.check({**silent, **ADOPT}, news).failures == []
    assert provider.diff(taken.id, olds, news).replaces == []
    assert provider.diff(taken.id, olds, news).changes is True
    recorder = recording(provider)
    if accepted:
        outs = as_engine(provider.update(taken.id, olds, news).outs or {})
        assert provider.diff(taken.id, outs, {**silent, "machineType": value}).changes is False
    else:
        with pytest.raises(errors.FailedPrecondition, match="is 'n1-standard-2', wanted 'n1-standard-4'"):
            provider.update(taken.id, olds, news)
    assert recorder.sent == []
