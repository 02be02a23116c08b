"""Two checkouts, each with its local stack, deployed and destroyed as `make` does, with the real engine."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.addresses import free_ports
from tests.artifacts import checkout
from tests.running import BOUND, ROOT
from tools.pulumi_stack import resources

pytestmark = [pytest.mark.engine, pytest.mark.tensorflow]


class Checkout:
    """A checkout that was set up, with one small model."""

    def __init__(self, folder: Path, port: int) -> None:
        self.root = checkout.program(folder)
        checkout.build(self.root)
        shutil.copytree(ROOT / "tools", self.root / "tools", ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "local.env", self.root)
        (self.root / ".venv").symlink_to(sys.prefix)
        (self.root / ".local/state").mkdir(parents=True)
        self.declare(port)
        self.run("source local.env && pulumi stack init --no-select local")

    def declare(self, port: int) -> None:
        """Writes the stack file with this port."""
        version = {"artifact": "line", "machineType": "n1-standard-2", "manualScaling": {"nodes": 1}}
        config = {
            "gcp:project": "demo",
            "tf2-models:endpoint": f"http://127.0.0.1:{port}",
            "tf2-models:runtimeVersion": "2.21",
            "tf2-models:models": {"m": {"defaultVersion": "v1", "versions": {"v1": version}}},
        }
        (self.root / "Pulumi.local.yaml").write_text(yaml.safe_dump({"config": config}), encoding="utf-8")

    def run(self, command: str, *, fails: bool = False) -> str:
        """The output of a command in a shell without the variables of the tests' own Pulumi."""
        known = {name: value for name, value in os.environ.items() if not name.startswith(("PULUMI_", "TF2_MODELS_"))}
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=self.root,
            env={**known, "PYTHONPATH": str(ROOT), "PULUMI_HOME": str(self.root.parent / "home")},
            capture_output=True,
            text=True,
            timeout=BOUND,
            check=False,
        )
        assert bool(done.returncode) is fails, done.stdout + done.stderr
        return done.stdout + done.stderr * fails

    def up(self) -> str:
        """Runs what `make up` runs after the set-up; returns its output."""
        return self.run("tools/check_stack.sh && source ./local.env && tools/up.sh")

    def down(self) -> str:
        """Runs what `make down` runs; returns its output."""
        return self.run("tools/check_stack.sh && source ./local.env && tools/down.sh")

    def deployed(self) -> list[str]:
        """The resources in the state."""
        return resources(json.loads(self.run("source local.env && pulumi stack export"))["deployment"])


@pytest.fixture
def checkouts(tmp_path: Path) -> Iterator[tuple[list[Checkout], list[int]]]:
    """Two checkouts and four free ports, of which they use the first two; their emulators are stopped at the end."""
    ports = free_ports(4)
    made = [Checkout(tmp_path / f"checkout-{number}", port) for number, port in enumerate(ports[:2])]
    yield made, ports
    for found in made:
        found.run(f"{sys.executable} -m emulator down")


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/-/status", timeout=BOUND):
            return True
    except OSError:
        return False


def test_each_checkout_follows_the_port_of_its_stack_file(checkouts: tuple[list[Checkout], list[int]]) -> None:
    """After a change of the port, up and down find what was deployed, and do not affect the other checkout."""
    (one, two), (first, second, moved, last) = checkouts

    for found, port in ((one, first), (two, second)):
        assert f"m, version v1 (default), on http://127.0.0.1:{port}\n" in found.up()
    one.declare(moved)
    text = one.up()
    assert f"does not listen on http://127.0.0.1:{moved}: restarting it" in text
    assert "created" not in text.rpartition("Resources:")[2]
    assert f"m, version v1 (default), on http://127.0.0.1:{moved}\n" in text
    assert [_answers(port) for port in (first, second, moved)] == [False, True, True]

    one.declare(last)
    assert f"does not listen on http://127.0.0.1:{last}: restarting it" in one.down()
    assert one.deployed() == []
    assert [_answers(port) for port in (second, moved, last)] == [True, False, False]
    assert two.deployed() != []
    two.down()
    assert two.deployed() == []


@pytest.mark.faults
def test_down_works_after_the_emulator_was_killed(checkouts: tuple[list[Checkout], list[int]]) -> None:
    """It starts the emulator again with its state, destroys the stack, and leaves no process."""
    (one, _), (port, *_) = checkouts
    one.up()
    os.kill(json.loads((one.root / ".local/emulator/pid").read_text(encoding="utf-8"))["pid"], signal.SIGKILL)

    text = one.down()

    assert "emulator is down" in text
    assert one.deployed() == []
    assert not _answers(port)


def test_two_checkouts_cannot_share_a_port(checkouts: tuple[list[Checkout], list[int]]) -> None:
    """`pulumi up` says whose emulator answers; `make up` reports the port before it reads a model."""
    (one, two), (port, *_) = checkouts
    one.up()
    two.declare(port)

    refused = two.run("source local.env && pulumi up --skip-preview", fails=True)
    shutil.rmtree(two.root / "build")
    taken = two.run("source local.env && tools/up.sh", fails=True)

    assert f"The server on http://127.0.0.1:{port} is not this folder's emulator, which does not run" in refused
    assert "set tf2-models:endpoint in Pulumi.local.yaml to http://127.0.0.1:PORT with another port" in refused
    assert taken.startswith(f"error: port {port} is taken by another program")


@pytest.mark.faults
def test_an_emulator_with_other_settings_is_used_and_stopped(checkouts: tuple[list[Checkout], list[int]]) -> None:
    """`make up` deploys to an emulator that was started with other settings and keeps them; `make down` stops it."""
    (one, _), (port, *_) = checkouts

    one.run(f"{sys.executable} -m emulator up --operation-seconds 0.1")
    assert f"emulator is already up on http://127.0.0.1:{port}\n" in one.up()
    assert "at least 0.1 s each" in one.run(f"{sys.executable} -m emulator status")
    one.down()

    assert one.deployed() == []
