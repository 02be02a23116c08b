"""The one contract of every resource, held against the emulator through the provider that the engine runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from gcp import errors
from resources.engine.provider import Provider
from resources.ml.batch_prediction_job import BatchPredictionJobProvider
from resources.ml.default_version import DefaultVersionProvider
from resources.ml.model import ModelProvider
from resources.ml.traffic_split import TrafficSplitProvider
from resources.ml.version import VersionProvider
from resources.storage.bucket import BucketProvider
from resources.storage.saved_model import SavedModelProvider
from tests.emulator.ml.caller import Caller
from tests.kinds.world import World
from tests.providers import State, as_engine
from tests.running import RunningEmulator


@dataclass(kw_only=True)
class Case:
    """One kind of resource.

    Attributes:
        inputs: makes what must be there before, and returns the inputs.
        patches: edit of the inputs -> the mask that it means.
        fixed: an edit that cannot be made in place.
        path: an edit that means another resource.
        vanishes: whether `delete` takes it out of the world.
    """

    kind: type[Provider]
    inputs: Callable[[World], State]
    path: State
    patches: list[tuple[State, list[str]]] = field(default_factory=list)
    fixed: State = field(default_factory=dict)
    vanishes: bool = True


CASES = {
    "bucket": Case(
        kind=BucketProvider,
        inputs=World.bucket_inputs,
        path={"name": "another-bucket"},
        patches=[
            ({"labels": {"stage": "b"}}, ["labels"]),
            ({"versioning": {"enabled": True}}, ["versioning.enabled"]),
            ({"storageClass": "NEARLINE"}, ["storageClass"]),
            ({"lifecycle": {"rule": []}}, ["lifecycle"]),
        ],
        fixed={"location": "EU"},
    ),
    "saved_model": Case(
        kind=SavedModelProvider,
        inputs=World.saved_model_inputs,
        path={"prefix": "multiplier/two"},
        fixed={"contentDigest": "2"},
    ),
    "model": Case(
        kind=ModelProvider,
        inputs=World.model_inputs,
        path={"name": "n"},
        patches=[
            ({"description": "b"}, ["description"]),
            ({"labels": {"stage": "b"}, "description": "c"}, ["description", "labels"]),
        ],
        fixed={"regions": ["us-central1"]},
    ),
    "version": Case(
        kind=VersionProvider,
        inputs=World.with_model,
        path={"name": "v2"},
        patches=[
            ({"description": "b"}, ["description"]),
            ({"autoScaling": {"minNodes": 2, "maxNodes": 2}}, ["autoScaling.minNodes"]),
            (
                {"requestLoggingConfig": {"bigqueryTableName": "p.d.t", "samplingPercentage": 0.5}},
                ["requestLoggingConfig"],
            ),
        ],
        fixed={"machineType": "n1-standard-4"},
    ),
    "default_version": Case(
        kind=DefaultVersionProvider,
        inputs=World.default_inputs,
        path={"model": "n"},
        patches=[({"version": "v2"}, ["version"])],
        vanishes=False,
    ),
    "traffic_split": Case(
        kind=TrafficSplitProvider,
        inputs=World.split_inputs,
        path={"model": "n"},
        patches=[({"trafficSplit": {"v1": 50, "v2": 50}}, [])],
        vanishes=False,
    ),
    "batch_prediction_job": Case(
        kind=BatchPredictionJobProvider,
        inputs=World.job_inputs,
        path={"trigger": "again"},
        patches=[({"labels": {"stage": "b"}}, ["labels"])],
    ),
}


@pytest.fixture
def world(emulator: RunningEmulator, project: str, tmp_path: Path) -> World:
    """A project of the test's own."""
    return World(emulator, project, tmp_path)


@pytest.mark.tensorflow
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_resource_keeps_the_contract(case: Case, world: World) -> None:
    """Create, read equal, no difference, patch, refuse, replace, delete twice, read gone: for every resource."""
    keeps_contract(case, world)


def keeps_contract(case: Case, world: World) -> None:
    """Asserts the contract of one kind of resource."""
    provider, inputs = world.provider(case.kind), as_engine(case.inputs(world))

    created = provider.create(dict(inputs))
    olds = as_engine(created.outs or {})
    assert provider.identity(inputs) == created.id
    assert {name: olds[name] for name in inputs} == inputs

    _is_read_as_it_was_made(provider, created.id, olds, inputs)
    for edit, mask in case.patches:
        olds, inputs = _is_patched(provider, created.id, olds, {**inputs, **world.labelled(edit)}, mask)
    _is_refused_and_replaced(provider, case, created.id, olds, inputs)
    _is_deleted_twice(provider, case, created.id, olds)


def _is_read_as_it_was_made(provider: Provider, identity: str, olds: State, inputs: State) -> None:
    read = provider.read(identity, dict(olds))

    assert identity == read.id
    assert as_engine(read.inputs or {}) == inputs
    assert as_engine(read.outs or {}) == olds
    assert provider.diff(identity, olds, inputs).changes is False
    assert provider.check(inputs, inputs).failures == []


def _is_patched(provider: Provider, identity: str, olds: State, news: State, mask: list[str]) -> tuple[State, State]:
    inputs = provider.schema.inputs_of(olds)
    difference = provider.diff(identity, olds, news)
    assert (difference.changes, difference.replaces) == (True, [])
    assert provider.schema.changes(olds, news).patch == mask
    assert provider.check(inputs, news).failures == []

    updated = as_engine(provider.update(identity, olds, news).outs or {})
    assert provider.diff(identity, updated, news).changes is False
    _is_read_as_it_was_made(provider, identity, updated, news)
    return updated, news


def _is_refused_and_replaced(provider: Provider, case: Case, identity: str, olds: State, inputs: State) -> None:
    elsewhere = provider.diff(identity, olds, {**inputs, **case.path})
    assert elsewhere.replaces == list(case.path)
    assert elsewhere.delete_before_replace
    if case.fixed:
        news = {**inputs, **case.fixed}
        [failure] = provider.check(inputs, news).failures
        assert next(iter(case.fixed)) in failure.reason
        assert provider.check(inputs, {**news, "allowDowntime": True}).failures == []
        assert provider.diff(identity, olds, news).replaces == list(case.fixed)


def _is_deleted_twice(provider: Provider, case: Case, identity: str, olds: State) -> None:
    provider.delete(identity, dict(olds))
    provider.delete(identity, dict(olds))
    assert bool(provider.read(identity, dict(olds)).id) is not case.vanishes


@pytest.mark.parametrize("case", [CASES["bucket"], CASES["model"]], ids=["bucket", "model"])
def test_what_exists_already_is_not_taken(case: Case, world: World) -> None:
    """`create` of a name that is taken fails, and says that it is not this stack's."""
    provider, inputs = world.provider(case.kind), as_engine(case.inputs(world))
    provider.create(dict(inputs))

    with pytest.raises(errors.AlreadyExists, match="not in this stack's state"):
        provider.create(dict(inputs))


def _others_label(world: World, name: str) -> dict[str, Any]:
    """Somebody else sets a label on the model; returns all labels."""
    models = world.emulator.ml().projects().models()
    labels = {**models.get(name=name).execute()["labels"], "cost": "theirs"}
    Caller(world.emulator, world.project).wait(
        models.patch(name=name, updateMask="labels", body={"labels": labels}).execute()
    )
    found: dict[str, Any] = models.get(name=name).execute()["labels"]
    return found


def test_labels_of_others_survive_a_change_of_ours(world: World) -> None:
    """A patch of labels replaces the whole map: what is not ours is read first and sent along."""
    provider, inputs = world.provider(ModelProvider), as_engine(world.model_inputs())
    created = provider.create(dict(inputs))
    assert _others_label(world, created.id) == {"team": "a", "cost": "theirs"}

    news = {**inputs, "labels": {"stage": "b"}}
    provider.update(created.id, as_engine(created.outs or {}), news)

    labels = world.emulator.ml().projects().models().get(name=created.id).execute()["labels"]
    assert labels == {"stage": "b", "cost": "theirs"}


def test_a_bucket_that_is_not_empty_is_kept(world: World) -> None:
    """Without `forceDestroy` the error says what is in it, and no more; with it, everything goes."""
    world.with_artifact()
    provider = world.provider(BucketProvider)
    inputs = {"project": world.project, "name": world.bucket}

    holds = "holds multiplier/one/manifest.json, multiplier/one/saved_model.*"
    with pytest.raises(
        errors.FailedPrecondition, match=f"{holds}; delete them, or set forceDestroy: true to lose them$"
    ):
        provider.delete(world.bucket, dict(inputs))

    provider.delete(world.bucket, {**inputs, "forceDestroy": True})
    assert provider.read(world.bucket, inputs).id == ""
