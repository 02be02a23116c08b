"""The gate's settings in a stack file, and warnings if the gate has nothing to compare, with the real engine."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.program.old_states import edit_state
from tests.program.stacks import Deployment
from tests.running import RunningEmulator

pytestmark = [pytest.mark.engine, pytest.mark.tensorflow]

ADD = "Add gate.samples: FILE, or set gate.skip: true"
NOTHING = f"gate not run for v2: its artifact has no samples. {ADD} to silence this"
CHECKED = "gate: 1 of 1 sample matches (serving_default)"


@pytest.fixture
def stack(emulator: RunningEmulator, project: str, tmp_path: Path) -> Deployment:
    """A model with the default `v1` and with `v2`, both without samples."""
    stack = Deployment(emulator, project, tmp_path)
    versions = {"v1": stack.version(2), "v2": stack.version(2, description="as the first")}
    stack.declare({"mult": {"defaultVersion": "v1", "versions": versions}})
    stack.engine.up()
    return stack


def warnings(text: str) -> int:
    """The number of warnings that nothing is compared, without their repetition at the end of a run."""
    return len(re.findall(rf"^ +warning: {re.escape(NOTHING)}", text, re.MULTILINE))


def test_a_new_default_without_samples_gives_a_warning_that_skip_silences(stack: Deployment) -> None:
    """Preview and `up` warn once, and only if the default changes."""
    assert "gate not run" not in stack.engine.stack("preview")
    stack.engine.edit("mult.defaultVersion", "v2")
    assert warnings(stack.engine.stack("preview")) == 1
    stack.engine.edit("mult.gate", {"skip": True})
    assert "gate not run" not in stack.engine.stack("preview")
    stack.engine.edit("mult.gate", None)

    assert warnings(stack.engine.stack("up", "--skip-preview")) == 1

    assert stack.served() == {"mult": {"v1": "READY", "v2": "READY*"}}
    assert "gate not run" not in stack.engine.stack("up", "--skip-preview")


def test_a_declared_gate_needs_samples(stack: Deployment) -> None:
    """Preview refuses a gate that would check nothing: of a new default, of a version in the split, or a new gate."""
    models = stack.engine.config["tf2-models:models"]
    declared = {**models["mult"], "gate": {"maxLatency": 5}}
    edits: list[dict[str, Any]] = [{"defaultVersion": "v2"}, {}, {"trafficSplit": {"v1": 90, "v2": 10}}]
    for edit in edits:
        models["mult"] = {**declared, **edit}
        stack.engine.write(stack.engine.config)
        default = models["mult"]["defaultVersion"]
        assert f"gate of {default}: its artifact has no samples. {ADD}" in stack.engine.stack("preview", fails=True)

    stack.engine.edit("mult.gate.samples", stack.samples("doubles.json", (1.0, 2.0)))
    assert stack.engine.preview() == {"DefaultVersion mult": "update", "TrafficSplit mult": "create"}
    assert CHECKED in stack.engine.stack("up", "--skip-preview")


@pytest.mark.faults
def test_a_gate_without_samples_in_the_state_shows_no_change(stack: Deployment) -> None:
    """Older releases allowed it; it is refused at the next change of the default."""

    def edit(entry: dict[str, Any]) -> None:
        for side in ("inputs", "outputs"):
            entry[side]["gate"] = {"maxLatency": 5}

    edit_state(stack, "DefaultVersion mult", edit)
    stack.engine.edit("mult.gate", {"maxLatency": 5})
    assert stack.engine.preview() == {}
    stack.engine.edit("mult.defaultVersion", "v2")
    assert "gate of v2: its artifact has no samples" in stack.engine.stack("preview", fails=True)


@pytest.mark.faults
def test_up_checks_the_samples_of_an_artifact_in_a_bucket(stack: Deployment) -> None:
    """Preview does not know its manifest, so it does not mention samples."""
    uri = stack.engine.resources()["Version mult-v1"]["outputs"]["deploymentUri"]
    stack.engine.edit("mult.versions.v3", {**stack.version(2), "artifact": uri})
    stack.engine.edit("mult.defaultVersion", "v3")
    stack.engine.edit("mult.gate", {"maxLatency": 5})
    assert "no samples" not in stack.engine.stack("preview")

    text = stack.engine.stack("up", "--skip-preview", fails=True)

    assert f"gate of v3: {uri}manifest.json has no samples. {ADD}. The current default still serves" in text
    assert "versions/v3: gate of v3" not in text, "the version is named once"
    assert stack.served() == {"mult": {"v1": "READY*", "v2": "READY", "v3": "READY"}}
    stack.engine.edit("mult.gate", None)
    text = stack.engine.stack("up", "--skip-preview")
    assert f"warning: gate not run for v3: {uri}manifest.json has no samples. {ADD} to silence this" in text
    assert stack.served() == {"mult": {"v1": "READY", "v2": "READY", "v3": "READY*"}}


def test_a_gate_that_is_removed_is_a_change(stack: Deployment) -> None:
    """Preview shows it; one update, which makes no call, removes a gate that an older release left in the state.

    Removing `adopt` or `allowDowntime` is none: they say what `up` may do, not what is deployed.
    """
    permissions = [f"mult.{place}{key}" for place in ("", "versions.v1.") for key in ("adopt", "allowDowntime")]
    for path in permissions:
        stack.engine.edit(path, value=True)
    gate = {"samples": stack.samples("doubles.json", (1.0, 2.0))}
    stack.engine.edit("mult.gate", gate)
    assert CHECKED not in stack.engine.stack("up", "--skip-preview"), "a default that stays has no gate to pass"
    for path in permissions:
        stack.engine.edit(path, None)
    assert stack.engine.preview() == {}

    held = stack.engine.resources()["DefaultVersion mult"]["outputs"]["gate"]
    stack.engine.edit("mult.gate", None)
    assert stack.engine.preview() == {"DefaultVersion mult": "update"}
    stack.engine.up()
    assert stack.engine.preview() == {}
    assert "gate" not in stack.engine.resources()["DefaultVersion mult"]["outputs"]

    edit_state(stack, "DefaultVersion mult", lambda entry: entry["outputs"].update(gate=held))
    assert stack.engine.preview() == {"DefaultVersion mult": "update"}
    stack.emulator.reset_calls()
    stack.engine.up()
    assert (stack.engine.preview(), stack.emulator.calls()) == ({}, {})

    stack.engine.edit("mult.gate", gate)
    stack.engine.edit("mult.defaultVersion", "v2")
    assert stack.engine.preview() == {"DefaultVersion mult": "update"}
    assert CHECKED in stack.engine.stack("up", "--skip-preview")


@pytest.mark.faults
def test_a_gate_of_an_artifact_in_a_bucket_needs_samples_too(stack: Deployment) -> None:
    """`up` reads the manifest, both of a first version and when a gate is added to a version that serves."""
    [uri] = {stack.engine.resources()[f"Version mult-{name}"]["outputs"]["deploymentUri"] for name in ("v1",)}
    version = {**stack.version(2), "artifact": uri}
    gate = {"maxLatency": 5}
    stack.engine.config["tf2-models:models"]["other"] = {
        "defaultVersion": "v1",
        "gate": gate,
        "versions": {"v1": version},
    }
    stack.engine.write(stack.engine.config)
    text = stack.engine.stack("up", "--skip-preview", fails=True)
    assert "gate of v1: " in text
    assert "has no samples" in text

    stack.engine.edit("other.gate", None)
    stack.engine.up()
    stack.engine.edit("other.gate", gate)
    assert "has no samples" in stack.engine.stack("up", "--skip-preview", fails=True)
