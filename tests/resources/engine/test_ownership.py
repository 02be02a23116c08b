"""Several declarations and several versions at the same time: nobody takes, or deletes, what is another's."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gcp import errors
from tests.kinds.ml.batch_prediction_job import BATCH_PREDICTION_JOB
from tests.kinds.ml.model import MODEL
from tests.kinds.ml.version import VERSION
from tests.kinds.storage.saved_model import SAVED_MODEL
from tests.kinds.world import World
from tests.providers import Request, State, as_engine, call_as
from tests.running import RunningEmulator

FIRST, SECOND = (Request(f"urn:pulumi:test::p::pulumi-python:dynamic/x::{name}") for name in "ab")
OWNER = {"owner": "token"}


@pytest.fixture
def world(emulator: RunningEmulator, project: str, tmp_path: Path) -> World:
    """A project of the test's own."""
    return World(emulator, project, tmp_path)


def test_what_a_stack_made_is_not_adopted_under_another_logical_name(world: World) -> None:
    """The declaration that made it would be dropped, and take it along; another stack may adopt it, when asked to."""
    provider, inputs = world.provider(MODEL.provider), as_engine(MODEL.declare(world, {**OWNER, "adopt": True}))
    outs = call_as(FIRST, provider.create, inputs).outs

    with pytest.raises(errors.AlreadyExists, match=r"aliases=\[pulumi.Alias"):
        call_as(SECOND, provider.create, inputs)
    adopted = call_as(SECOND, provider.create, {**inputs, "owner": "another"}).outs

    assert outs is not None
    assert adopted is not None
    assert adopted["etag"] == outs["etag"]


@pytest.mark.tensorflow
def test_a_stack_that_was_renamed_knows_what_it_made(world: World) -> None:
    """What was half made before, and a job that it had released, which is there for ever."""
    model, job = (kind.declare(world, OWNER) for kind in (MODEL, BATCH_PREDICTION_JOB))
    models, jobs = world.provider(MODEL.provider), world.provider(BATCH_PREDICTION_JOB.provider)
    renamed = Request(FIRST.urn.replace(":test:", ":renamed:"))
    made = call_as(FIRST, jobs.create, as_engine(job))
    call_as(FIRST, jobs.delete, made.id, made.outs or {})
    call_as(FIRST, models.create, as_engine(model))

    assert call_as(renamed, models.create, as_engine(model)).outs
    again = call_as(renamed, jobs.create, as_engine(job)).outs or {}

    assert again["state"] == "SUCCEEDED"
    assert again["jobId"] != (made.outs or {})["jobId"], "a job of its own: the other one's results may be gone"


def test_what_was_adopted_may_change_its_logical_name(world: World) -> None:
    """It bears no mark of the stack's; the declaration that is dropped leaves it to the one that has it now."""
    inputs = as_engine(MODEL.declare(world, {**OWNER, "adopt": True}))
    world.made(MODEL.provider, {name: item for name, item in inputs.items() if name != "owner"})
    provider = world.provider(MODEL.provider)
    outs = [call_as(request, provider.create, inputs).outs or {} for request in (FIRST, SECOND)]

    call_as(FIRST, provider.delete, "m", outs[0])
    assert provider.read("m", outs[1]).id == "m"
    call_as(SECOND, provider.delete, "m", outs[1])
    assert not provider.read("m", outs[1]).id


@pytest.mark.parametrize("owner", [OWNER, {}], ids=["claimed", "without an owner"])
def test_an_artifact_may_change_its_logical_name(world: World, owner: State) -> None:
    """Its bytes are there already: the second declaration sends none, the first deletes none; at last all are gone."""
    inputs, provider = as_engine(SAVED_MODEL.declare(world, owner)), world.provider(SAVED_MODEL.provider)
    outs = [call_as(request, provider.create, inputs).outs or {} for request in (FIRST, SECOND)]

    call_as(FIRST, provider.delete, "s", outs[0])
    assert call_as(SECOND, provider.read, "s", outs[1]).id == "s"
    call_as(SECOND, provider.delete, "s", outs[1])

    assert "items" not in world.emulator.storage().objects().list(bucket=world.bucket).execute()


@pytest.mark.tensorflow
def test_versions_that_go_at_the_same_time_pass_the_default_on(world: World) -> None:
    """Nobody orders them: each hands the default to one that may be going itself, and all of them end."""
    inputs = as_engine(VERSION.declare(world, OWNER))
    versions = [{**inputs, "name": f"v{number}"} for number in range(5)]
    for version in versions:
        world.made(VERSION.provider, version)
    provider = world.provider(VERSION.provider)

    def go(version: State) -> None:
        provider.delete("v", version)
        provider.api.http().close()  # each thread has its own

    with ThreadPoolExecutor(len(versions)) as threads:
        list(threads.map(go, versions))

    listed = world.emulator.ml().projects().models().versions()
    assert listed.list(parent=f"projects/{world.project}/models/m").execute() == {}


@pytest.mark.tensorflow
def test_a_version_that_comes_back_with_another_artifact_passes_a_gate_first(world: World) -> None:
    """The default that it lost in this run is given back to the same artifact only."""
    inputs = as_engine(VERSION.declare(world, OWNER))
    for name in ("v1", "v2"):
        world.made(VERSION.provider, {**inputs, "name": name})
    provider, versions = world.provider(VERSION.provider), world.emulator.ml().projects().models().versions()

    def again(uri: str) -> bool:
        provider.delete("v1", inputs)
        provider.create({**inputs, "deploymentUri": uri})
        live = versions.get(name=f"projects/{world.project}/models/m/versions/v1").execute()
        return bool(live.get("isDefault"))

    assert again(inputs["deploymentUri"])
    assert not again(inputs["deploymentUri"].rstrip("/"))


@pytest.mark.tensorflow
def test_a_job_with_as_many_labels_as_may_be_given_can_go(world: World) -> None:
    """Its owner's label, and at last the one that says that it is released, make 64, which is what the API takes."""
    labels = {f"l{number}": "x" for number in range(62)}
    inputs = as_engine(BATCH_PREDICTION_JOB.declare(world, {**OWNER, "labels": labels}))
    provider = world.provider(BATCH_PREDICTION_JOB.provider)
    assert not list(provider.schema.program_failures(inputs))
    made = call_as(FIRST, provider.create, inputs)

    call_as(FIRST, provider.delete, made.id, made.outs or {})

    [job] = world.emulator.ml().projects().jobs().list(parent=f"projects/{world.project}").execute()["jobs"]
    assert len(job["labels"]) == 64
    assert provider.read(made.id, made.outs or {}).id == ""
