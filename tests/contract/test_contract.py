"""The one contract of every resource, held against the emulator through the provider that the engine runs."""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from gcp import errors
from resources.engine.provider import Provider
from tests.emulator.ml.caller import Caller
from tests.kinds.kind import Kind
from tests.kinds.ml.model import MODEL
from tests.kinds.rows import fill
from tests.kinds.storage.bucket import BUCKET
from tests.kinds.storage.saved_model import SAVED_MODEL
from tests.kinds.table import KINDS
from tests.kinds.world import World
from tests.providers import State, as_engine
from tests.running import RunningEmulator


@pytest.fixture
def world(emulator: RunningEmulator, project: str, tmp_path: Path) -> World:
    """A project of the test's own."""
    return World(emulator, project, tmp_path)


@pytest.mark.tensorflow
@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_a_resource_keeps_the_contract(kind: Kind, world: World) -> None:
    """Create, read equal, no difference, patch, refuse, replace, delete twice, read gone: for every resource."""
    keeps_contract(kind, world)


def keeps_contract(kind: Kind, world: World) -> None:
    """Asserts the contract of one kind of resource."""
    provider, inputs = world.provider(kind.provider), as_engine(kind.declare(world))

    created = provider.create(dict(inputs))
    olds = as_engine(created.outs or {})
    assert provider.identity(inputs) == created.id
    assert fnmatchcase(created.id, fill(kind.identity, world.names()))
    assert {name: olds[name] for name in inputs} == inputs

    _is_read_as_it_was_made(provider, created.id, olds, inputs)
    for edit, mask in kind.patches:
        news = as_engine({**inputs, **world.labelled(fill(edit, world.names()))})
        olds, inputs = _is_patched(provider, created.id, olds, news, mask)
    _is_refused_and_replaced(provider, kind, created.id, olds, inputs)
    _is_deleted_twice(provider, kind, created.id, olds)


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


def _is_refused_and_replaced(provider: Provider, kind: Kind, identity: str, olds: State, inputs: State) -> None:
    elsewhere = provider.diff(identity, olds, {**inputs, **kind.path})
    assert elsewhere.replaces == list(kind.path)
    assert elsewhere.delete_before_replace
    if kind.fixed:
        news = {**inputs, **kind.fixed}
        [failure] = provider.check(inputs, news).failures
        assert next(iter(kind.fixed)) in failure.reason
        assert provider.check(inputs, {**news, "allowDowntime": True}).failures == []
        assert provider.diff(identity, olds, news).replaces == list(kind.fixed)


def _is_deleted_twice(provider: Provider, kind: Kind, identity: str, olds: State) -> None:
    provider.delete(identity, dict(olds))
    provider.delete(identity, dict(olds))
    assert bool(provider.read(identity, dict(olds)).id) is not kind.vanishes


@pytest.mark.parametrize("kind", [BUCKET, MODEL], ids=["Bucket", "Model"])
def test_what_exists_already_is_not_taken(kind: Kind, world: World) -> None:
    """`create` of a name that is taken fails, and says that it is not this stack's."""
    provider, inputs = world.provider(kind.provider), as_engine(kind.declare(world))
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
    provider, inputs = world.provider(MODEL.provider), as_engine(MODEL.declare(world, {"labels": {"team": "a"}}))
    created = provider.create(dict(inputs))
    assert _others_label(world, created.id) == {"team": "a", "cost": "theirs"}

    news = {**inputs, "labels": {"stage": "b"}}
    provider.update(created.id, as_engine(created.outs or {}), news)

    labels = world.emulator.ml().projects().models().get(name=created.id).execute()["labels"]
    assert labels == {"stage": "b", "cost": "theirs"}


def test_a_bucket_that_is_not_empty_is_kept(world: World) -> None:
    """Without `forceDestroy` the error says what is in it, and no more; with it, everything goes."""
    world.made(SAVED_MODEL.provider, SAVED_MODEL.declare(world))
    provider = world.provider(BUCKET.provider)
    inputs = {"project": world.project, "name": world.bucket}

    holds = "contains multiplier/one/manifest.json, multiplier/one/rows.json, multiplier/one/saved_model.*"
    with pytest.raises(
        errors.FailedPrecondition, match=f"{holds}; delete them, or set forceDestroy: true to lose them$"
    ):
        provider.delete(world.bucket, dict(inputs))

    provider.delete(world.bucket, {**inputs, "forceDestroy": True})
    assert provider.read(world.bucket, inputs).id == ""
