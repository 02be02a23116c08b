"""Versions that users are split among: each passes its gate before it gets any, by the real engine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from resources.ml.config import plan
from tests.program.old_states import forget
from tests.program.stacks import Deployment
from tests.running import RunningEmulator

pytestmark = [pytest.mark.engine, pytest.mark.tensorflow]

PREDICT = "ml.projects.predict"
BOTH = {"v1": 90, "v2": 10}


@pytest.fixture
def stack(emulator: RunningEmulator, project: str, tmp_path: Path) -> Deployment:
    """A model that must double: its default `v1` and `v2` do; all users get `v1`, by a split of one version."""
    stack = Deployment(emulator, project, tmp_path)
    gate = {"samples": stack.samples("doubles.json", (1.0, 2.0))}
    versions = {"v1": stack.version(2), "v2": stack.version(2, description="as the first")}
    stack.declare({"mult": {"defaultVersion": "v1", "gate": gate, "versions": versions, "trafficSplit": {"v1": 100}}})
    stack.engine.up()
    return stack


def served_split(stack: Deployment) -> Any:
    """What `prediction.Client.of_output` reads."""
    return stack.engine.outputs()["models"]["mult"].get("trafficSplit")


def gate_of_split(stack: Deployment) -> Any:
    """How the gate of the last split ended, by the stack's outputs."""
    return stack.engine.outputs()["models"]["mult"]["splitGate"]


def up(stack: Deployment, *options: str, fails: bool = False) -> str:
    """What `up` prints."""
    stack.emulator.reset_calls()
    return stack.engine.stack("up", "--skip-preview", "--suppress-progress", *options, fails=fails)


def test_a_version_passes_its_gate_before_it_gets_users(stack: Deployment) -> None:
    """New shares of the same versions ask nothing; a version whose share was 0 is new; no split is a change, too."""
    stack.engine.edit("mult.trafficSplit", BOTH)
    assert stack.engine.preview() == {"TrafficSplit mult": "update"}
    up(stack)
    assert (served_split(stack), stack.emulator.calls()[PREDICT]) == (BOTH, 1)
    assert stack.changes() == {}

    stack.engine.edit("mult.trafficSplit", {"v1": 100, "v2": 0})
    up(stack)
    assert (served_split(stack), stack.emulator.calls()) == ({"v1": 100, "v2": 0}, {})
    stack.engine.edit("mult.trafficSplit", BOTH)
    up(stack)
    assert stack.emulator.calls()[PREDICT] == 1
    stack.engine.stack("refresh", "--suppress-progress")
    assert stack.engine.preview() == {}
    assert up(stack)
    assert served_split(stack) == BOTH

    stack.engine.edit("mult.trafficSplit", None)
    assert stack.engine.preview() == {"TrafficSplit mult": "delete"}
    up(stack)
    assert (served_split(stack), stack.emulator.calls(), stack.engine.preview()) == (None, {}, {})


@pytest.mark.parametrize("option", ["--suppress-outputs", "--continue-on-error"])
def test_a_refusal_leaves_the_old_split(stack: Deployment, option: str) -> None:
    """What left the split and the stack file stays, as clients ask it; the new version stays for inspection."""
    stack.engine.edit("mult.trafficSplit", BOTH)
    up(stack)
    stack.engine.edit("mult.versions.v3", stack.version(3))
    stack.engine.edit("mult.versions.v2", None)
    stack.engine.edit("mult.trafficSplit", {"v1": 90, "v3": 10})

    text = up(stack, option, fails=True)

    assert "versions/v3: gate failed against " in text
    assert "instance 0 (y): expected 2.0, got 3.0. The current default and traffic split still serve; v3 stays" in text
    assert served_split(stack) == BOTH
    assert gate_of_split(stack) == ("passed" if option == "--suppress-outputs" else plan.FAILED)  # written, or not
    assert stack.served() == {"mult": {"v1": "READY*", "v2": "READY", "v3": "READY"}}

    stack.engine.edit("mult.gate", {"skip": True})
    up(stack)
    assert (served_split(stack), gate_of_split(stack)) == ({"v1": 90, "v3": 10}, "passed")
    assert PREDICT not in stack.emulator.calls()
    assert stack.served() == {"mult": {"v1": "READY*", "v3": "READY"}}
    stack.engine.stack("destroy", "--suppress-progress")
    assert (stack.served(), stack.buckets(), stack.engine.resources()) == ({}, [], {})


def test_a_split_moves_with_the_default(stack: Deployment) -> None:
    """The old default keeps its users without a gate; a split that is refused leaves the old one."""
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


def test_what_users_ask_is_not_deleted_after_a_refusal(stack: Deployment) -> None:
    """The old default in the split, removed from the stack file, stays while the new split is refused."""
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


def test_other_bytes_under_the_name_of_a_version_with_users_pass_a_gate(stack: Deployment) -> None:
    """In the split, and as the old default that a split begins with."""
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


def test_an_order_that_stays_lets_a_run_be_about_one_resource(stack: Deployment) -> None:
    """`--target` of the model works whatever the split was, is, or will be; the state stays whole."""
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


def test_a_model_that_begins_with_a_split_gates_all_but_its_default(
    emulator: RunningEmulator, project: str, tmp_path: Path
) -> None:
    """A first version becomes the default by the API itself; the others pass, or the split does not begin."""
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


def test_a_state_of_before_shows_no_change_and_lets_nothing_in(stack: Deployment) -> None:
    """The split that it had is that of the stack's outputs; what is new against it passes its gate."""
    stack.engine.edit("mult.trafficSplit", BOTH)
    up(stack)
    forget(stack, "mult")
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


def test_a_split_that_a_run_leaves_out_is_not_served(stack: Deployment) -> None:
    """`--target` of something else: the split stays the old one."""
    stack.engine.edit("mult.trafficSplit", {"v1": 100, "v2": 0})
    up(stack)
    stack.engine.edit("mult.trafficSplit", BOTH)
    up(stack, "--target", stack.urn("Model mult"))
    assert served_split(stack) == {"v1": 100, "v2": 0}
    up(stack)
    assert (served_split(stack), stack.emulator.calls()[PREDICT]) == (BOTH, 1)


def test_a_version_that_is_made_again_keeps_what_it_was_allowed(stack: Deployment) -> None:
    """`pulumi state taint` of the default judges no version of the split anew."""
    stack.engine.edit("mult.trafficSplit", BOTH)
    up(stack)
    stack.engine.run("state", "taint", stack.urn("Version mult-v1"), "--yes", "--stack", "test")
    up(stack)
    assert stack.served()["mult"] == {"v1": "READY*", "v2": "READY"}
    assert served_split(stack) == BOTH
