"""A traffic split: each version passes its gate before it gets users, with the real engine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from resources.ml.config import plan
from tests.program.old_states import downgrade_state
from tests.program.stacks import Deployment
from tests.running import RunningEmulator

pytestmark = [pytest.mark.engine, pytest.mark.tensorflow]

PREDICT = "ml.projects.predict"
BOTH = {"v1": 90, "v2": 10}


@pytest.fixture
def stack(emulator: RunningEmulator, project: str, tmp_path: Path) -> Deployment:
    """A model whose default `v1` and `v2` double, as its gate demands; a split sends all users to `v1`."""
    stack = Deployment(emulator, project, tmp_path)
    gate = {"samples": stack.samples("doubles.json", (1.0, 2.0))}
    versions = {"v1": stack.version(2), "v2": stack.version(2, description="as the first")}
    stack.declare({"mult": {"defaultVersion": "v1", "gate": gate, "versions": versions, "trafficSplit": {"v1": 100}}})
    stack.engine.up()
    return stack


def served_split(stack: Deployment) -> Any:
    """The traffic split in the stack's outputs, which `prediction.Client.of_output` reads."""
    return stack.engine.outputs()["models"]["mult"].get("trafficSplit")


def gate_of_split(stack: Deployment) -> Any:
    """The result of the last split's gate in the stack's outputs."""
    return stack.engine.outputs()["models"]["mult"]["splitGate"]


def up(stack: Deployment, *options: str, fails: bool = False) -> str:
    """What `up` prints."""
    stack.emulator.reset_calls()
    return stack.engine.stack("up", "--skip-preview", "--suppress-progress", *options, fails=fails)


def test_a_version_passes_its_gate_before_it_gets_users(stack: Deployment) -> None:
    """New shares of the same versions, and a replaced version, need no gate, but a version whose share was 0 does.

    A run with another `--target` keeps the old split; the split can be removed.
    """
    stack.engine.edit("mult.trafficSplit", BOTH)
    assert stack.engine.preview() == {"TrafficSplit mult": "update"}
    up(stack)
    assert (served_split(stack), stack.emulator.calls()[PREDICT]) == (BOTH, 1)
    assert stack.changes() == {}

    stack.engine.edit("mult.trafficSplit", {"v1": 100, "v2": 0})
    up(stack)
    assert (served_split(stack), stack.emulator.calls()) == ({"v1": 100, "v2": 0}, {})
    stack.engine.edit("mult.trafficSplit", BOTH)
    up(stack, "--target", stack.urn("Model mult"))
    assert served_split(stack) == {"v1": 100, "v2": 0}
    up(stack)
    assert (served_split(stack), stack.emulator.calls()[PREDICT]) == (BOTH, 1)
    stack.engine.stack("refresh", "--suppress-progress")
    assert stack.engine.preview() == {}
    stack.engine.run("state", "taint", stack.urn("Version mult-v1"), "--yes", "--stack", "test")
    up(stack)
    assert (served_split(stack), PREDICT in stack.emulator.calls()) == (BOTH, False)
    assert stack.served()["mult"] == {"v1": "READY*", "v2": "READY"}

    stack.engine.edit("mult.trafficSplit", None)
    assert stack.engine.preview() == {"TrafficSplit mult": "delete"}
    up(stack)
    assert (served_split(stack), stack.emulator.calls(), stack.engine.preview()) == (None, {}, {})


def test_a_failed_gate_leaves_the_old_split(stack: Deployment) -> None:
    """The removed version stays, since clients still use it; the new version stays for inspection."""
    stack.engine.edit("mult.trafficSplit", BOTH)
    up(stack)
    stack.engine.edit("mult.versions.v3", stack.version(3))
    stack.engine.edit("mult.versions.v2", None)
    stack.engine.edit("mult.trafficSplit", {"v1": 90, "v3": 10})

    # Only with `--continue-on-error` does the failed run write the output.
    for option, written in (("--suppress-outputs", "passed"), ("--continue-on-error", plan.FAILED)):
        text = up(stack, option, fails=True)
        assert "versions/v3: gate failed against " in text
        assert "instance 0 (y): expected 2.0, got 3.0. The current default and traffic split still serve; v3 s" in text
        assert (served_split(stack), gate_of_split(stack)) == (BOTH, written)
        assert stack.served() == {"mult": {"v1": "READY*", "v2": "READY", "v3": "READY"}}

    stack.engine.edit("mult.gate", {"skip": True})
    up(stack)
    assert (served_split(stack), gate_of_split(stack)) == ({"v1": 90, "v3": 10}, "passed")
    assert PREDICT not in stack.emulator.calls()
    assert stack.served() == {"mult": {"v1": "READY*", "v3": "READY"}}
    stack.engine.stack("destroy", "--suppress-progress")
    assert (stack.served(), stack.buckets(), stack.engine.resources()) == ({}, [], {})


def test_a_split_moves_with_the_default(stack: Deployment) -> None:
    """The old default keeps its users without a gate; a failed gate leaves the old split."""
    stack.engine.edit("mult.versions.v3", stack.version(3))
    stack.engine.edit("mult.defaultVersion", "v2")
    stack.engine.edit("mult.trafficSplit", {"v1": 50, "v2": 40, "v3": 10})
    assert "versions/v3: gate failed" in up(stack, fails=True)
    assert stack.served()["mult"] == {"v1": "READY", "v2": "READY*", "v3": "READY"}
    assert served_split(stack) == {"v1": 100}

    stack.engine.edit("mult.trafficSplit", {"v1": 50, "v2": 50})
    up(stack)
    assert stack.served()["mult"] == {"v1": "READY", "v2": "READY*", "v3": "READY"}
    assert served_split(stack) == {"v1": 50, "v2": 50}
    assert stack.engine.preview() == {}
    assert up(stack)
    stack.engine.stack("destroy", "--suppress-progress", "--parallel", "1")
    assert stack.engine.resources() == {}


@pytest.mark.faults
def test_a_version_with_users_is_not_deleted_after_a_failed_gate(stack: Deployment) -> None:
    """The old default, in the split but no longer in the stack file, stays while the new split fails its gate."""
    stack.engine.edit("mult.defaultVersion", "v2")
    stack.engine.edit("mult.trafficSplit", {"v1": 50, "v2": 50})
    up(stack)
    stack.engine.edit("mult.versions.v3", stack.version(3))
    stack.engine.edit("mult.versions.v1", None)
    stack.engine.edit("mult.trafficSplit", {"v2": 50, "v3": 50})

    text = up(stack, "--continue-on-error", fails=True)

    assert "versions/v3: gate failed" in text
    assert stack.served()["mult"] == {"v1": "READY", "v2": "READY*", "v3": "READY"}
    assert served_split(stack) == {"v1": 50, "v2": 50}


def test_new_bytes_of_a_version_with_users_must_pass_a_gate(stack: Deployment) -> None:
    """This holds for a version in the split, and for the old default that gets a share of a new split."""
    stack.engine.edit("mult.trafficSplit", BOTH)
    up(stack)
    stack.engine.edit("mult.versions.v2", stack.version(3, allowDowntime=True))
    assert "versions/v2: gate failed" in up(stack, fails=True)
    stack.engine.edit("mult.versions.v2", stack.version(2, description="as the first", allowDowntime=True))
    up(stack)

    stack.engine.edit("mult.trafficSplit", None)
    up(stack)
    stack.engine.edit("mult.defaultVersion", "v2")
    stack.engine.edit("mult.versions.v1", stack.version(3, allowDowntime=True))
    stack.engine.edit("mult.trafficSplit", {"v1": 50, "v2": 50})
    assert "versions/v1: gate failed" in up(stack, fails=True)
    assert served_split(stack) is None


@pytest.mark.faults
def test_a_run_can_target_the_model_alone(stack: Deployment) -> None:
    """`--target` of the model works whether or not the split changes, and the state stays consistent."""
    stack.engine.edit("mult.versions.v3", stack.version(2))
    stack.engine.edit("mult.trafficSplit", BOTH)
    up(stack)
    stack.engine.edit("mult.description", "doubles")
    stack.engine.edit("mult.trafficSplit", {"v1": 80, "v2": 10, "v3": 10})
    up(stack, "--target", stack.urn("Model mult"))
    assert served_split(stack) == BOTH
    stack.engine.edit("mult.defaultVersion", "v2")
    up(stack)
    stack.engine.edit("mult.description", "doubles a number")
    up(stack, "--target", stack.urn("Model mult"))
    assert stack.engine.preview() == {}
    assert served_split(stack) == {"v1": 80, "v2": 10, "v3": 10}


@pytest.mark.faults
def test_a_new_model_with_a_split_gates_every_version_but_its_default(
    emulator: RunningEmulator, project: str, tmp_path: Path
) -> None:
    """The API makes the first version the default; the others must pass their gate before the split applies."""
    stack = Deployment(emulator, project, tmp_path)
    gate = {"samples": stack.samples("doubles.json", (1.0, 2.0))}
    versions = {"v1": stack.version(3), "v2": stack.version(3)}
    stack.declare({"mult": {"defaultVersion": "v1", "gate": gate, "versions": versions, "trafficSplit": BOTH}})

    assert "versions/v2: gate failed" in up(stack, fails=True)
    assert stack.engine.outputs().get("models") is None
    assert stack.served() == {"mult": {"v1": "READY*", "v2": "READY"}}
    stack.engine.edit("mult.gate.skip", value=True)
    up(stack)
    assert served_split(stack) == BOTH
    assert stack.engine.preview() == {}


@pytest.mark.faults
def test_a_state_without_a_split_resource_shows_no_change_and_keeps_its_gates(stack: Deployment) -> None:
    """Its old split is the one in the stack's outputs; a version that is new to it must pass its gate."""
    stack.engine.edit("mult.trafficSplit", BOTH)
    up(stack)
    downgrade_state(stack, "mult")
    assert stack.engine.preview() == {}
    up(stack, "--target", stack.urn("Model mult"))
    up(stack)
    assert (stack.emulator.calls(), served_split(stack)) == ({}, BOTH)
    assert stack.engine.preview() == {}

    stack.engine.edit("mult.versions.v3", stack.version(3))
    stack.engine.edit("mult.trafficSplit", {"v1": 80, "v2": 10, "v3": 10})
    assert stack.engine.preview()["TrafficSplit mult"] == "create"
    assert "versions/v3: gate failed" in up(stack, fails=True)
    assert stack.emulator.calls()[PREDICT] == 1
    assert served_split(stack) == BOTH
    stack.engine.edit("mult.versions.v2", None)
    stack.engine.edit("mult.trafficSplit", {"v1": 90, "v3": 10})
    assert "the current traffic split sends users to it" in up(stack, "--continue-on-error", fails=True)
    assert stack.served()["mult"] == {"v1": "READY*", "v2": "READY", "v3": "READY"}
    assert served_split(stack) == BOTH
