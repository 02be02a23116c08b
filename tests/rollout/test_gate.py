"""A new default that fails its gate, and what can be done then, with the real engine."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.program.clients import predict, predicting
from tests.program.stacks import Deployment
from tests.running import RunningEmulator

pytestmark = [pytest.mark.engine, pytest.mark.tensorflow]


@pytest.fixture
def deployed(emulator: RunningEmulator, project: str, tmp_path: Path) -> Deployment:
    """A model that must double, with `v0` and the default `v1`: the first version of a model has no gate to pass."""
    stack = Deployment(emulator, project, tmp_path)
    gate = {"samples": stack.samples("doubles.json", (1.0, 2.0), (2.5, 5.0))}
    versions = {"v0": stack.version(5), "v1": stack.version(2)}
    stack.declare({"mult": {"defaultVersion": "v1", "gate": gate, "versions": versions}})
    emulator.reset_calls()
    stack.engine.up()
    assert not {"ml.projects.predict", "ml.projects.models.versions.setDefault"} & emulator.calls().keys()
    return stack


def _fail_the_gate(stack: Deployment, *options: str) -> None:
    """Runs an `up` that removes `v0` and moves the default to `v2`, which triples."""
    stack.engine.edit("mult.versions.v2", stack.version(3))
    stack.engine.edit("mult.versions.v0", None)
    stack.engine.edit("mult.defaultVersion", "v2")
    stack.emulator.reset_calls()

    text = stack.engine.stack("up", "--skip-preview", "--suppress-progress", *options, fails=True)

    assert "versions/v2: gate failed against " in text
    assert ": instance 0 (y): expected 2.0, got 3.0; instance 1 (y): expected 5.0, got 7.5." in text
    assert "Traceback" not in text


def test_a_failed_gate_keeps_the_old_default_and_one_edit_restores_the_stack(deployed: Deployment) -> None:
    """The new version stays for inspection and the old default keeps serving; the next `up` removes `v0`."""
    stack = deployed
    with predicting(
        {"default": stack.url("mult"), "v0": stack.url("mult", "v0"), "v1": stack.url("mult", "v1")}
    ) as clients:
        _fail_the_gate(stack)
    assert stack.engine.outputs()["models"]["mult"]["defaultVersion"] == "v1", "it still serves"
    assert stack.changes() == {"versions.create": 1}
    assert stack.served() == {"mult": {"v0": "READY", "v1": "READY*", "v2": "READY"}}
    assert predict(stack.url("mult", "v2"), 1.0) == [3.0]
    assert [client.results for client in clients.values()] == [([2.0], []), ([5.0], []), ([2.0], [])]

    stack.engine.edit("mult.defaultVersion", "v1")
    stack.emulator.reset_calls()
    with predicting({"default": stack.url("mult")}) as clients:
        stack.engine.up()
    assert stack.changes() == {"versions.delete": 1}, "v0, which was removed from the stack file"
    assert stack.served() == {"mult": {"v1": "READY*", "v2": "READY"}}
    assert clients["default"].results == ([2.0], [])
    assert stack.engine.preview() == {}


@pytest.mark.faults
def test_a_third_version_takes_over_after_a_failed_gate(deployed: Deployment) -> None:
    """It passes once the stack file allows a tolerance."""
    stack = deployed
    _fail_the_gate(stack)
    stack.engine.edit("mult.versions.v2", None)
    stack.engine.edit("mult.versions.v1", None)
    stack.engine.edit("mult.versions.v3", stack.version(2.015625))
    stack.engine.edit("mult.defaultVersion", "v3")
    assert "expected 2.0, got 2.015625" in stack.engine.stack("up", "--skip-preview", fails=True)
    stack.engine.edit("mult.gate.tolerance", 0.01)

    with predicting({"default": stack.url("mult")}) as clients:
        stack.engine.up()

    assert stack.served() == {"mult": {"v3": "READY*"}}
    assert clients["default"].results == ([2.0, 2.015625], [])
    assert stack.engine.preview() == {}


@pytest.mark.faults
def test_a_failed_gate_keeps_the_default_with_continue_on_error(deployed: Deployment) -> None:
    """`--continue-on-error` deletes no version that serves, even if the stack file lacks it; destroy then works."""
    stack = deployed
    stack.engine.edit("mult.versions.v1", None)
    with predicting({"default": stack.url("mult")}) as clients:
        _fail_the_gate(stack, "--continue-on-error")

    assert stack.engine.outputs()["models"]["mult"]["defaultVersion"] is None, "unknown in a run that failed"
    assert stack.served()["mult"]["v1"] == "READY*"
    assert clients["default"].results == ([2.0], [])

    stack.engine.stack("destroy", "--suppress-progress")
    assert (stack.served(), stack.buckets(), stack.engine.resources()) == ({}, [], {})


def test_the_declared_default_succeeds_a_removed_one(deployed: Deployment) -> None:
    """The newest version, which passed no gate, is the successor only if there is no other, with a warning."""
    stack, name = deployed, f"projects/{deployed.project}/models/mult/versions"
    stack.engine.edit("mult.versions.v2", stack.version(3))
    stack.engine.up()
    stack.emulator.ml().projects().models().versions().setDefault(name=f"{name}/v0", body={}).execute()
    stack.engine.edit("mult.versions.v0", None)
    with predicting({"default": stack.url("mult")}) as clients:
        text = stack.engine.stack("up", "--skip-preview", "--suppress-progress")
    assert f"warning: {name}/v0 was made the default outside this stack: v1 is the default again" in text
    assert clients["default"].results == ([5.0, 2.0], [])
    assert stack.served() == {"mult": {"v1": "READY*", "v2": "READY"}}
    assert stack.engine.preview() == {}

    stack.engine.run("state", "taint", stack.urn("Version mult-v1"), "--stack", "test", "--yes")
    text = stack.engine.stack("up", "--skip-preview", "--suppress-progress")
    assert f"warning: {name}/v2 is now the default instead of v1: it is the newest other READY version, and may" in text
    assert stack.served() == {"mult": {"v1": "READY*", "v2": "READY"}}


@pytest.mark.parametrize(
    ("gate", "said"),
    [
        ({"maxLatency": 1e-9}, "gate.maxLatency is 1e-09 s"),
        ({"tolerance": 0.5}, ""),
        ({"skip": True}, ""),
    ],
    ids=["too slow", "tolerant", "skipped"],
)
@pytest.mark.faults
def test_a_stack_file_sets_the_bounds_of_the_gate(deployed: Deployment, gate: dict[str, object], said: str) -> None:
    """It sets the most latency and the tolerance, or skips the gate."""
    stack = deployed
    factor = 2 if said else 2.5
    stack.engine.edit("mult.versions.v2", stack.version(factor, description="the new one"))
    stack.engine.edit("mult.defaultVersion", "v2")
    for key, value in gate.items():
        stack.engine.edit(f"mult.gate.{key}", value)

    text = stack.engine.stack("up", "--skip-preview", "--suppress-progress", fails=bool(said))

    assert said in text
    assert predict(stack.url("mult"), 1.0) == [2.0 if said else 2.5]


@pytest.mark.faults
def test_a_gate_fails_if_the_manifest_is_missing(emulator: RunningEmulator, project: str, tmp_path: Path) -> None:
    """The manifest of the stack's own artifact must be restored; for another artifact there is a warning."""
    stack, bucket = Deployment(emulator, project, tmp_path), f"{project}-tf2-models"
    versions = {"v1": stack.version(2), "v2": stack.version(3)}
    stack.declare({"mult": {"defaultVersion": "v1", "versions": versions}})
    stack.engine.up()
    uri = stack.engine.resources()["Version mult-v2"]["outputs"]["deploymentUri"]
    manifest = f"{uri.removeprefix(f'gs://{bucket}/')}manifest.json"
    emulator.storage().objects().delete(bucket=bucket, object=manifest).execute()
    stack.engine.edit("mult.defaultVersion", "v2")

    text = stack.engine.stack("up", "--skip-preview", fails=True)
    assert f"{uri}manifest.json not found; it contains the samples that " in text
    assert "To restore it, run `pulumi refresh`, then `pulumi up`. The current default still serves; v2 stays" in text
    assert stack.served() == {"mult": {"v1": "READY*", "v2": "READY"}}
    stack.engine.stack("refresh", "--skip-preview")
    text = stack.engine.stack("up", "--skip-preview")
    assert "warning: gate not run for v2: its artifact has no samples. Add gate.samples: FILE, or set gate.skip" in text
    assert stack.served() == {"mult": {"v1": "READY", "v2": "READY*"}}

    emulator.storage().objects().copy(
        sourceBucket=bucket,
        sourceObject=manifest.replace("manifest.json", "saved_model.pb"),
        destinationBucket=bucket,
        destinationObject="elsewhere/saved_model.pb",
        body={},
    ).execute()
    stack.engine.edit("mult.versions.v3", {**stack.version(3), "artifact": f"gs://{bucket}/elsewhere/"})
    stack.engine.edit("mult.defaultVersion", "v3")
    missing = f"gs://{bucket}/elsewhere/manifest.json not found, so there are no samples to compare. Add gate.samples"
    stack.engine.edit("mult.gate", {"maxLatency": 5})
    text = stack.engine.stack("up", "--skip-preview", fails=True)
    assert f": gate of v3: {missing}: FILE, or set gate.skip: true. The current default still serves; v3" in text
    stack.engine.edit("mult.gate", None)
    text = stack.engine.stack("up", "--skip-preview")
    assert f"warning: gate not run for v3: {missing}: FILE, or set gate.skip: true to silence this" in text
    assert stack.served() == {"mult": {"v1": "READY", "v2": "READY", "v3": "READY*"}}
