"""`pulumi state taint` and `--target-replace` on every kind of resource: it ends right, or one line refuses it."""

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


def _stands(stack: Deployment) -> None:
    """All is there and serves; a refresh and the next `up` find nothing to do."""
    assert stack.served() == {"mult": {"v1": "READY*", "v2": "READY"}}
    assert predict(stack.url("mult"), 1.0) == [2.0]
    assert "unchanged" in summary(stack.engine.stack("refresh", "--suppress-progress"))
    assert stack.engine.up() == {"unchanged": 9}


def _named(stack: Deployment, kind: str) -> str:
    return next(name for name in sorted(stack.engine.resources()) if name.startswith(kind))


def _made_again(stack: Deployment, kind: str, way: str, *, fails: bool) -> str:
    """What `up` says where the engine is told to make a resource again."""
    urn, up = stack.urn(_named(stack, kind)), ("up", "--skip-preview", "--suppress-progress")
    if way == "target":
        return stack.engine.stack(*up, "--target-replace", urn, fails=fails)
    stack.engine.run("state", "taint", urn, "--stack", "test", "--yes")
    return stack.engine.stack(*up, fails=fails)


@pytest.mark.parametrize(("kind", "way"), _CELLS)
def test_a_resource_that_is_to_be_made_again_is_or_is_refused(stack: Deployment, kind: str, way: str) -> None:
    """Nothing is orphaned, and what cannot go is refused in a line, with the way back."""
    with predicting({"default": stack.url("mult")}) as clients:
        text = _made_again(stack, kind, way, fails=kind in REFUSED)
    if kind in REFUSED:
        assert REFUSED[kind] in text
        assert "pulumi state untaint" in text
        assert "Traceback" not in text
    if kind in REFUSED and way == "taint":
        stack.engine.run("state", "untaint", stack.urn(_named(stack, kind)), "--stack", "test", "--yes")

    if (kind, way) == ("Identity", "target"):  # the others hear of it in the next `up`, and nothing is sent for it
        stack.emulator.reset_calls()
        stack.engine.up()
        assert stack.changes() == {}

    if kind != "Model":  # it goes with all its versions
        assert clients["default"].failures == []
        assert clients["default"].answers == ([2.0, 3.0] if kind == DEFAULT else [2.0])
    _stands(stack)


@pytest.mark.faults
def test_a_model_is_made_again_with_its_versions(stack: Deployment) -> None:
    """`allowDowntime` on a model: its versions go before it, and are there again after it, the default among them."""
    stack.engine.edit("mult.regions", ["us-east1"])
    assert "regions[0] was 'us-central1', wanted 'us-east1'" in stack.engine.stack("preview", fails=True)
    stack.engine.edit("mult.allowDowntime", value=True)
    stack.emulator.reset_calls()

    stack.engine.up()

    changes = stack.changes()
    assert {name: changes[name] for name in ("create", "delete")} == {"create": 1, "delete": 1}
    assert {name: changes[f"versions.{name}"] for name in ("create", "delete")} == {"create": 2, "delete": 2}
    _stands(stack)


def test_the_default_alone_is_made_again_and_then_everything(stack: Deployment) -> None:
    """With `--target-replace` the engine looks at one version; the default stays it. Then five kinds are tainted.

    The identity too: who owns is an input that nothing is replaced for.
    """
    urns = {name: entry["urn"] for name, entry in stack.engine.resources().items()}
    with predicting({"default": stack.url("mult")}) as clients:
        stack.engine.up("--target-replace", urns[DEFAULT])
    assert clients["default"].results == ([2.0, 3.0], []), "the other version answers meanwhile"
    _stands(stack)

    tainted = [urn for name, urn in urns.items() if name.startswith(("Identity", "SavedModel", DEFAULT, OTHER, SERVED))]
    stack.engine.run("state", "taint", *tainted, "--stack", "test", "--yes")
    with predicting({"default": stack.url("mult")}) as clients:
        stack.engine.up()
    assert clients["default"].failures == []
    _stands(stack)

    stack.engine.stack("destroy", "--suppress-progress")
    assert (stack.served(), stack.buckets(), stack.engine.resources()) == ({}, [], {})


@pytest.mark.faults
def test_a_bucket_that_is_made_again_is_filled_again(stack: Deployment) -> None:
    """With `forceDestroy` its contents go with it: the SavedModels that the stack names are sent once more."""
    config = stack.engine.config
    config["tf2-models:bucket"]["forceDestroy"] = True
    stack.engine.write(config)
    stack.engine.up()

    _made_again(stack, "Bucket", "taint", fails=False)

    _stands(stack)
