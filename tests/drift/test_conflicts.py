"""Two people at once: no patch goes out without what was read right before, and a conflict says what changed."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any

import pytest

from gcp import api, errors
from gcp.settings import Settings
from resources.engine import patch_bodies
from resources.ml.schema import MODEL
from tests.kinds.kind import THEIR_LABELS
from tests.kinds.table import KINDS
from tests.kinds.world import World
from tests.providers import State, as_engine
from tests.running import RunningEmulator


class Meddled(api.Api):
    """An `Api` in which somebody else comes first.

    Attributes:
        meddling: what is done before each of the next calls of a method: method, and what.
    """

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.meddling: list[tuple[str, Callable[[], None]]] = []

    def call(self, request: Any, *, repeatable: bool | None = None) -> Any:
        """Lets somebody else come first."""
        if self.meddling and self.meddling[0][0] == request.methodId:
            self.meddling.pop(0)[1]()
        return super().call(request, repeatable=repeatable)


@cache
def _shared(settings: Settings) -> Meddled:
    return Meddled(settings)


@pytest.fixture
def world(emulator: RunningEmulator, project: str, tmp_path: Path) -> World:
    """A project of the test's own."""
    return World(emulator, project, tmp_path)


SHARED = {name: kind for name, kind in KINDS.items() if "labels" in kind.theirs}
"""What somebody else may change too."""


class Scene:
    """A resource that two people change: ours goes through `Meddled`, somebody else comes first so many times."""

    def __init__(self, world: World, name: str, edits: list[State]) -> None:
        kind = SHARED[name]
        self.inputs = as_engine(kind.declare(world, {"labels": {"team": "a"}}))
        self.provider, self.other = world.provider(kind.provider), world.provider(kind.provider)
        created = self.provider.create(dict(self.inputs))
        self.identity, self.olds = created.id, as_engine(created.outs or {})
        self._theirs, self._known = dict(self.inputs), dict(self.olds)
        meddled = _shared(self.provider.api.settings)
        meddled.meddling = [(kind.patch, partial(self._meddle, edit)) for edit in edits]
        self.provider.api = meddled

    def _meddle(self, edit: State) -> None:
        self._theirs |= edit
        self._known = as_engine(self.other.update(self.identity, self._known, dict(self._theirs)).outs or {})

    def update(self, **edit: Any) -> State:
        """What our update leaves in the state."""
        return as_engine(self.provider.update(self.identity, self.olds, {**self.inputs, **edit}).outs or {})

    def labels(self) -> State:
        """The labels as they are now, those of others too."""
        known = {**self.inputs, "labels": dict.fromkeys(("team", "cost", "stage"), "?")}
        read = self.other.read(self.identity, known)
        found: State = (read.outs or {})["labels"]
        return found


@pytest.mark.tensorflow
@pytest.mark.parametrize("name", SHARED)
def test_a_label_set_in_between_is_not_lost(name: str, world: World) -> None:
    """Somebody else adds a label between our read and our patch: the patch is refused, read afresh, and keeps it."""
    scene = Scene(world, name, [{"labels": THEIR_LABELS}])

    outs = scene.update(labels={"team": "b", "stage": "ours"})

    assert outs["labels"] == {"team": "b", "stage": "ours"}
    assert scene.labels() == {"team": "b", "stage": "ours", "cost": "theirs"}


@pytest.mark.tensorflow
@pytest.mark.parametrize("name", SHARED)
def test_a_second_conflict_says_what_changed(name: str, world: World) -> None:
    """Field, value in the state, value now; nothing of theirs is overwritten."""
    scene = Scene(world, name, [{"labels": {"team": "x"}}, {"labels": {"team": "y"}}])

    with pytest.raises(SHARED[name].conflict) as caught:
        scene.update(labels={"team": "b"})

    text = str(caught.value)
    assert "Since the last `pulumi up` or `refresh`: labels.team was 'a', is now 'y' (" in text
    assert f"({SHARED[name].patch}: " in text
    assert "Run `pulumi refresh`" in text
    assert "\n" not in text
    assert scene.labels() == {"team": "y"}


@pytest.mark.tensorflow
@pytest.mark.parametrize("name", SHARED)
def test_a_patch_whose_answers_are_all_lost_is_no_conflict(name: str, world: World) -> None:
    """It took effect, which a fresh read tells: nobody else is blamed."""
    scene = Scene(world, name, [])
    world.emulator.faults({"method": SHARED[name].patch, "drop": "after", "times": 50})
    try:
        outs = scene.update(labels={"team": "b"})
    finally:
        world.emulator.faults()

    assert outs["labels"] == scene.labels() == {"team": "b"}


def test_a_second_conflict_about_what_is_not_managed_says_no_field(world: World) -> None:
    """Somebody else sets what the program does not say: only the conflict is reported."""
    scene = Scene(world, "ml.Model", [{"labels": {"team": "a", "cost": "1"}}, {"labels": {"team": "a", "cost": "2"}}])

    with pytest.raises(errors.Aborted) as caught:
        scene.update(description="b")

    assert "Since the last" not in str(caught.value)
    assert "Somebody else changed it meanwhile" in str(caught.value)


def test_no_patch_is_written_without_an_etag() -> None:
    """An API that gave none would take any patch, and labels that others set meanwhile would be lost."""
    with pytest.raises(errors.FailedPrecondition, match="no etag"):
        patch_bodies.patch_body(MODEL, {"labels": {"cost": "theirs"}}, {}, {"labels": {"team": "a"}}, ["labels"])
