"""A new default that would break the clients of the old one, with the real engine."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.emulator import saved_models
from tests.program.old_states import downgrade_state
from tests.program.stacks import Deployment
from tests.running import RunningEmulator

pytestmark = [pytest.mark.engine, pytest.mark.tensorflow]

NO_GATE = {"gate": {"skip": True}}
LOST = r"clients of v1 break with v2: serving_default output y: expected float32\[\?\], got none\. "


def other(stack: Deployment, **fields: Any) -> dict[str, Any]:
    """The stack-file entry of a version that doubles and whose output is named `z`."""
    artifact = saved_models.write(stack.folder / "z", 2, output="z")
    return {**stack.version(2, **fields), "artifact": str(artifact)}


@pytest.fixture
def stack(emulator: RunningEmulator, project: str, tmp_path: Path) -> Deployment:
    """A model whose default `v1` has the output `y`, and whose `v2` has the output `z`."""
    stack = Deployment(emulator, project, tmp_path)
    versions = {"v1": stack.version(2), "v2": other(stack)}
    stack.declare({"mult": {"defaultVersion": "v1", **NO_GATE, "versions": versions}})
    stack.engine.up()
    return stack


def signatures(stack: Deployment, side: str = "inputs") -> dict[str, Any]:
    """Version -> its signatures in the state of the default version."""
    found: dict[str, Any] = stack.engine.resources()["DefaultVersion mult"][side]["signatures"]
    return found


def test_a_breaking_change_must_be_allowed_by_name(stack: Deployment) -> None:
    """Preview refuses it with both values and the line to add, also on the way back; another version's line fails."""
    stack.engine.edit("mult.defaultVersion", "v2")
    text = stack.engine.stack("preview", fails=True)
    assert re.search(rf"{LOST}Deploy it as .*: `allowBreakingChange: v2`", text), text
    stack.engine.edit("mult.allowBreakingChange", "v1")
    text = stack.engine.stack("preview", fails=True)
    assert "The stack file allows it for v1 alone. " in text
    stack.engine.edit("mult.allowBreakingChange", "v2")
    assert stack.engine.preview() == {"DefaultVersion mult": "update"}
    stack.engine.up()
    assert stack.served() == {"mult": {"v1": "READY", "v2": "READY*"}}

    stack.engine.edit("mult.defaultVersion", "v1")
    text = stack.engine.stack("up", "--skip-preview", fails=True)
    [line] = set(re.findall(r"with this line under the model: `(\w+: \w+)`", text))
    assert stack.served() == {"mult": {"v1": "READY", "v2": "READY*"}}
    key, _, name = line.partition(": ")
    stack.engine.edit(f"mult.{key}", name)
    stack.engine.up()
    assert stack.served() == {"mult": {"v1": "READY*", "v2": "READY"}}
    stack.engine.edit(f"mult.{key}", None)
    assert stack.engine.preview() == {}, "removing the line changes nothing"


def test_a_version_without_a_name_is_allowed_by_its_content_digest(
    emulator: RunningEmulator, project: str, tmp_path: Path
) -> None:
    """`allowBreakingChange` takes its content digest or its generated name."""
    stack = Deployment(emulator, project, tmp_path)
    stack.declare({"mult": {**NO_GATE, "version": stack.version(2)}})
    stack.engine.up()
    stack.engine.edit("mult.version", other(stack))

    text = stack.engine.stack("preview", fails=True)
    [digest] = set(re.findall(r"`allowBreakingChange: ([0-9a-f]{16})`", text))
    [name] = set(re.findall(r"clients of v_\w+ break with (v_\w+):", text))
    for allowed in (name, digest):
        stack.engine.edit("mult.allowBreakingChange", allowed)
        assert stack.engine.preview()["DefaultVersion mult"] == "update"
    stack.engine.up()
    assert stack.served() == {"mult": {name: "READY*"}}


@pytest.mark.faults
def test_a_state_without_signatures_shows_no_change_and_is_protected(stack: Deployment) -> None:
    """The signatures of the stack file's artifacts count; `up` writes them to the state, and a refresh keeps them."""
    stack.engine.edit("mult.versions.v3", stack.version(3))
    stack.engine.up()
    downgrade_state(stack, "mult")
    assert stack.engine.preview() == {}
    stack.engine.edit("mult.defaultVersion", "v2")
    assert re.search(LOST, stack.engine.stack("preview", fails=True))

    stack.engine.edit("mult.defaultVersion", "v1")
    assert stack.engine.up()["unchanged"] == 11
    assert signatures(stack).keys() == {"v1"}, "the signatures of the default version"
    stack.engine.stack("refresh", "--suppress-progress")
    assert signatures(stack) == signatures(stack, "outputs")
    assert signatures(stack).keys() == {"v1"}
    assert stack.engine.preview() == {}


@pytest.mark.faults
def test_a_removed_version_is_compared_by_its_manifest(stack: Deployment) -> None:
    """Preview warns that it does not compare; `up` finds the signatures in the bucket."""
    downgrade_state(stack, "mult")
    stack.engine.edit("mult.versions.v1", None)
    stack.engine.edit("mult.defaultVersion", "v2")

    text = stack.engine.stack("preview")
    assert "warning: signatures of v1 and v2 not compared: those of v1 are unknown before `pulumi up`, which" in text
    text = stack.engine.stack("up", "--skip-preview", fails=True)
    assert re.search(rf"update default version \S+: {LOST}", text), text
    assert stack.served() == {"mult": {"v1": "READY*", "v2": "READY"}}

    stack.engine.edit("mult.allowBreakingChange", "v2")
    assert "warning: clients of v1 break with v2: " in stack.engine.stack("up", "--skip-preview")
    assert stack.served() == {"mult": {"v2": "READY*"}}


def test_another_artifact_under_the_same_name_is_compared(stack: Deployment) -> None:
    """Preview refuses a replacement that breaks clients unless it is allowed; it makes no call."""
    stack.engine.edit("mult.versions.v2", stack.version(3))
    stack.engine.edit("mult.versions.v2.allowDowntime", value=True)
    stack.engine.edit("mult.allowBreakingChange", "v2")
    stack.engine.up()
    stack.engine.edit("mult.versions.v1", {**other(stack), "allowDowntime": True})

    stack.emulator.reset_calls()
    text = stack.engine.stack("preview", fails=True)

    assert "clients of v1 break with v1: serving_default output y: expected float32[?], got none" in text
    assert "with this line under the model: `allowBreakingChange: v1`" in text
    assert (stack.emulator.calls(), stack.served()) == ({}, {"mult": {"v1": "READY*", "v2": "READY"}})
    stack.engine.edit("mult.allowBreakingChange", "v1")
    stack.engine.up()
    assert stack.served() == {"mult": {"v1": "READY*", "v2": "READY"}}
    assert stack.engine.preview() == {}


@pytest.mark.faults
def test_an_artifact_in_a_bucket_is_compared_by_up(stack: Deployment) -> None:
    """`up` reads its manifest; without one, a line says that nothing is compared."""
    uris = [stack.engine.resources()[f"Version mult-{name}"]["outputs"]["deploymentUri"] for name in ("v2", "v1")]
    stack.engine.edit("mult.versions.v3", {**stack.version(2), "artifact": uris[0]})
    stack.engine.edit("mult.defaultVersion", "v3")
    assert "those of v3 are unknown before `pulumi up`, which reads them from" in stack.engine.stack("preview")
    text = stack.engine.stack("up", "--skip-preview", fails=True)
    assert "clients of v1 break with v3: serving_default output y: expected float32[?], got none" in text

    bucket, _, folder = uris[0].removeprefix("gs://").partition("/")
    stack.emulator.storage().objects().copy(
        sourceBucket=bucket,
        sourceObject=f"{folder}saved_model.pb",
        destinationBucket=bucket,
        destinationObject="elsewhere/saved_model.pb",
        body={},
    ).execute()
    stack.engine.edit("mult.versions.v4", {**stack.version(2), "artifact": f"gs://{bucket}/elsewhere/"})
    stack.engine.edit("mult.defaultVersion", "v4")
    text = stack.engine.stack("up", "--skip-preview")
    assert "signatures of v1 and v4 not compared: those of v4 are unknown (no readable manifest)" in text
    assert stack.served()["mult"]["v4"] == "READY*"
