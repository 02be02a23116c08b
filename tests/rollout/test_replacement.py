"""`pulumi state taint` and `--target-replace` on every kind of resource: replaced, or refused in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engine import summary
from tests.program.clients import predict, predicting
from tests.program.stacks import Deployment
from tests.running import RunningEmulator

pytestmark = [pytest.mark.engine, pytest.mark.tensorflow]

DEFAULT, OTHER, SERVED = "Version mult-v1", "Version mult-v2", "DefaultVersion mult"
REFUSED = {"Bucket": "; delete them, or set forceDestroy: true"}
KINDS = [DEFAULT, OTHER, SERVED, "SavedModel", "Identity", "Model", *REFUSED]
_CELLS = [pytest.param(kind, way, marks=pytest.mark.faults) for way in ("taint", "target") for kind in KINDS]


@pytest.fixture
def stack(emulator: RunningEmulator, project: str, tmp_path: Path) -> Deployment:
    """A model with two versions."""
    stack = Deployment(emulator, project, tmp_path)
    versions = {"v1": stack.version(2), "v2": stack.version(3)}
    stack.declare({"mult": {"defaultVersion": "v1", "versions": versions}})
    stack.engine.up()
    return stack


def _assert_complete(stack: Deployment) -> None:
    """Asserts that both versions serve, and that a refresh and the next `up` find nothing to do."""
    assert stack.served() == {"mult": {"v1": "READY*", "v2": "READY"}}
    assert predict(stack.url("mult"), 1.0) == [2.0]
    assert "unchanged" in summary(stack.engine.stack("refresh", "--suppress-progress"))
    assert stack.engine.up() == {"unchanged": 9}


def _first_of_kind(stack: Deployment, kind: str) -> str:
    return next(name for name in sorted(stack.engine.resources()) if name.startswith(kind))


def _replace(stack: Deployment, kind: str, way: str, *, fails: bool) -> str:
    """What `up` prints when it must replace a resource, tainted or targeted."""
    urn, up = stack.urn(_first_of_kind(stack, kind)), ("up", "--skip-preview", "--suppress-progress")
    if way == "target":
        return stack.engine.stack(*up, "--target-replace", urn, fails=fails)
    stack.engine.run("state", "taint", urn, "--stack", "test", "--yes")
    return stack.engine.stack(*up, fails=fails)


@pytest.mark.parametrize(("kind", "way"), _CELLS)
def test_a_replacement_succeeds_or_is_refused(stack: Deployment, kind: str, way: str) -> None:
    """Nothing is orphaned; a resource that cannot be deleted is refused in one line that says how to undo it."""
    with predicting({"default": stack.url("mult")}) as clients:
        text = _replace(stack, kind, way, fails=kind in REFUSED)
    if kind in REFUSED:
        assert REFUSED[kind] in text
        assert "pulumi state untaint" in text
        assert "Traceback" not in text
    if kind in REFUSED and way == "taint":
        stack.engine.run("state", "untaint", stack.urn(_first_of_kind(stack, kind)), "--stack", "test", "--yes")

    if (kind, way) == ("Identity", "target"):  # the other resources follow in the next `up`, without a call
        stack.emulator.reset_calls()
        stack.engine.up()
        assert stack.changes() == {}

    if kind != "Model":  # all its versions go with it
        assert clients["default"].failures == []
        assert clients["default"].answers == ([2.0, 3.0] if kind == DEFAULT else [2.0])
    _assert_complete(stack)


@pytest.mark.faults
def test_a_model_is_replaced_with_its_versions(stack: Deployment) -> None:
    """With `allowDowntime` its versions are deleted before it and created again after it, with the same default."""
    stack.engine.edit("mult.regions", ["us-east1"])
    assert "regions[0] was 'us-central1', wanted 'us-east1'" in stack.engine.stack("preview", fails=True)
    stack.engine.edit("mult.allowDowntime", value=True)
    stack.emulator.reset_calls()

    stack.engine.up()

    changes = stack.changes()
    assert {name: changes[name] for name in ("create", "delete")} == {"create": 1, "delete": 1}
    assert {name: changes[f"versions.{name}"] for name in ("create", "delete")} == {"create": 2, "delete": 2}
    _assert_complete(stack)


def test_the_default_is_replaced_alone_and_then_with_everything_else(stack: Deployment) -> None:
    """With `--target-replace` the engine replaces one version, which stays the default. Then five kinds are tainted.

    The identity is among them: a change of the owner replaces nothing.
    """
    urns = {name: entry["urn"] for name, entry in stack.engine.resources().items()}
    with predicting({"default": stack.url("mult")}) as clients:
        stack.engine.up("--target-replace", urns[DEFAULT])
    assert clients["default"].results == ([2.0, 3.0], []), "the other version answers meanwhile"
    _assert_complete(stack)

    tainted = [urn for name, urn in urns.items() if name.startswith(("Identity", "SavedModel", DEFAULT, OTHER, SERVED))]
    stack.engine.run("state", "taint", *tainted, "--stack", "test", "--yes")
    with predicting({"default": stack.url("mult")}) as clients:
        stack.engine.up()
    assert clients["default"].failures == []
    _assert_complete(stack)

    stack.engine.stack("destroy", "--suppress-progress")
    assert (stack.served(), stack.buckets(), stack.engine.resources()) == ({}, [], {})


@pytest.mark.faults
def test_a_replaced_bucket_gets_its_savedmodels_again(stack: Deployment) -> None:
    """With `forceDestroy` its contents are deleted too; `up` uploads the stack's SavedModels again."""
    config = stack.engine.config
    config["tf2-models:bucket"]["forceDestroy"] = True
    stack.engine.write(config)
    stack.engine.up()

    _replace(stack, "Bucket", "taint", fails=False)

    _assert_complete(stack)
