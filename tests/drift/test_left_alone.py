"""What the program does not say is not looked at by refresh, and not touched by a change of something else."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from resources.engine.provider import Provider
from resources.ml.model import ModelProvider
from resources.ml.version import VersionProvider
from resources.storage.bucket import BucketProvider
from tests.kinds.world import World
from tests.providers import State, as_engine
from tests.running import RunningEmulator

LABELS = {"team": "a", "cost": "theirs"}
RULE = {"rule": [{"action": {"type": "Delete"}, "condition": {"age": 9}}]}


@dataclass(frozen=True, kw_only=True)
class Case:
    """One kind of resource that says little.

    Attributes:
        inputs: what the program says.
        theirs: what others set.
        ours: a change of what the program says.
        silent: fields that the program does not say at all.
    """

    kind: type[Provider]
    theirs: State
    ours: State
    silent: State = field(default_factory=dict)

    def inputs(self, world: World) -> State:
        """The inputs, in a world where all that they need is there."""
        if self.kind is VersionProvider:
            return {**world.with_model(), **self.silent, "labels": {"team": "a"}}
        name = world.bucket if self.kind is BucketProvider else "m"
        return {"project": world.project, "name": name, "labels": {"team": "a"}}


CASES = {
    "bucket": Case(
        kind=BucketProvider,
        theirs={
            "labels": LABELS,
            "storageClass": "NEARLINE",
            "versioning": {"enabled": True},
            "lifecycle": RULE,
            "iamConfiguration": {"publicAccessPrevention": "enforced"},
        },
        ours={"labels": {"team": "b"}},
    ),
    "model": Case(
        kind=ModelProvider, theirs={"labels": LABELS, "description": "theirs"}, ours={"labels": {"team": "b"}}
    ),
    "version": Case(
        kind=VersionProvider,
        theirs={
            "labels": LABELS,
            "autoScaling": {"minNodes": 2, "maxNodes": 3},
            "requestLoggingConfig": {"bigqueryTableName": "p.d.t", "samplingPercentage": 0.5},
        },
        ours={"labels": {"team": "b"}, "description": "ours"},
        silent={"autoScaling": None},
    ),
}


@pytest.mark.tensorflow
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_what_others_set_stays(case: Case, emulator: RunningEmulator, project: str, tmp_path: Path) -> None:
    """Refresh finds no difference; an update of our own label leaves every field and label of theirs as it is."""
    world = World(emulator, project, tmp_path)
    provider, other = world.provider(case.kind), world.provider(case.kind)
    inputs = as_engine(provider.schema.inputs_of(case.inputs(world)))
    created = provider.create(dict(inputs))
    olds = as_engine(created.outs or {})
    other.update(created.id, olds, as_engine({**inputs, **case.theirs}))

    read = provider.read(created.id, olds)
    outs = as_engine(read.outs or {})
    assert as_engine(read.inputs or {}) == inputs
    assert provider.diff(created.id, outs, inputs).changes is False

    provider.update(created.id, outs, {**inputs, **case.ours})
    live = _live(world, provider, created.id)
    assert live["labels"] == {"team": "b", "cost": "theirs"}
    for name, value in case.theirs.items():
        assert name == "labels" or _holds(live[name], value), name


def _live(world: World, provider: Provider, identity: str) -> State:
    """The resource as Google's client reads it."""
    models = world.emulator.ml().projects().models()
    if isinstance(provider, BucketProvider):
        found: State = world.emulator.storage().buckets().get(bucket=identity).execute()
    elif isinstance(provider, VersionProvider):
        found = models.versions().get(name=identity).execute()
    else:
        found = models.get(name=identity).execute()
    return found


def _holds(live: Any, value: Any) -> bool:
    return {**live, **value} == live if isinstance(value, dict) else bool(live == value)
