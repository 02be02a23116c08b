"""What the program does not say is not looked at by refresh, and not touched by a change of something else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.kinds.kind import Kind
from tests.kinds.table import KINDS
from tests.kinds.world import World
from tests.providers import as_engine
from tests.running import RunningEmulator

SHARED = {name: kind for name, kind in KINDS.items() if kind.theirs}
"""What somebody else may change too."""


@pytest.mark.tensorflow
@pytest.mark.parametrize("kind", SHARED.values(), ids=SHARED)
def test_what_others_set_stays(kind: Kind, emulator: RunningEmulator, project: str, tmp_path: Path) -> None:
    """Refresh finds no difference; an update of our own label leaves every field and label of theirs as it is."""
    world = World(emulator, project, tmp_path)
    provider, other = world.provider(kind.provider), world.provider(kind.provider)
    inputs = as_engine(kind.declare(world, {**dict.fromkeys(kind.theirs), "labels": {"team": "a"}}))
    created = provider.create(dict(inputs))
    olds = as_engine(created.outs or {})
    other.update(created.id, olds, as_engine({**inputs, **kind.theirs}))

    read = provider.read(created.id, olds)
    outs = as_engine(read.outs or {})
    assert as_engine(read.inputs or {}) == inputs
    assert provider.diff(created.id, outs, inputs).changes is False

    ours = {"labels": {"team": "b"}, **({"description": "ours"} if "description" in inputs else {})}
    provider.update(created.id, outs, {**inputs, **ours})
    assert kind.get
    live = kind.get(emulator, created.id)
    assert live["labels"] == {"team": "b", "cost": "theirs"}
    for name, value in kind.theirs.items():
        assert name == "labels" or _holds(live[name], value), name


def _holds(live: Any, value: Any) -> bool:
    return {**live, **value} == live if isinstance(value, dict) else bool(live == value)
