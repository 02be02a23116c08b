"""Another stack in a checkout's local state, which is for the local stacks only, with the real engine."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tests.artifacts import checkout
from tests.engine import Engine
from tests.running import RunningEmulator

pytestmark = pytest.mark.engine


@pytest.fixture
def engine(emulator: RunningEmulator, project: str, tmp_path: Path) -> Engine:
    """A deployed stack `test`, whose state was copied to that of the checkout, `tmp_path/checkout/.local/state`."""
    root = checkout.program(tmp_path / "checkout")
    checkout.build(root)
    made = Engine(tmp_path / "engine", root)
    version = {"artifact": "line", "machineType": "n1-standard-2", "manualScaling": {"nodes": 1}}
    config = {
        "endpoint": emulator.endpoint,
        "runtimeVersion": "2.21",
        "models": {"m": {"defaultVersion": "v1", "versions": {"v1": version}}},
    }
    made.write({"gcp:project": project, **{f"tf2-models:{key}": value for key, value in config.items()}})
    made.up()
    (root / ".local").mkdir()
    shutil.copytree(tmp_path / "engine/state", root / ".local/state")
    made.move(f"file://{root}/.local/state")
    return made


def test_the_program_refuses_another_stack(engine: Engine, emulator: RunningEmulator, tmp_path: Path) -> None:
    """Preview and up fail for every spelling of the backend's URL, without a call; the state does not change."""
    (tmp_path / "link").symlink_to(tmp_path / "checkout")
    before = engine.resources()
    emulator.reset_calls()
    for form in (
        f"file://{tmp_path}/checkout/.local/state",
        f"file://{tmp_path}/link/.local/state/",
        "file://.local/state",
    ):
        engine.move(form)
        for verb in (("preview",), ("up", "--skip-preview")):
            text = engine.stack(*verb, fails=True)
            place = "stack test is in .local/state, which is for the stacks local and vertex only"
            assert f"{place}; nothing was changed" in text, form
            assert "pulumi stack export --stack test --show-secrets --file test.state.json" in text, form
            assert "Traceback" not in text
    assert emulator.calls() == {}
    assert engine.resources() == before


def test_the_stack_can_be_destroyed_there(engine: Engine, emulator: RunningEmulator, project: str) -> None:
    """Refresh and destroy work, since they run without the program."""
    engine.stack("refresh", "--skip-preview")
    engine.stack("destroy", "--skip-preview")
    assert engine.resources() == {}
    assert emulator.ml().projects().models().list(parent=f"projects/{project}").execute() == {}


def _commands(text: str) -> list[str]:
    """The two commands in the error: one moves the stack, the other destroys it."""
    lines = [line.strip() for line in text.splitlines() if line.strip().startswith("env ")]
    return [line.strip() for line in re.split(r"(?<!&&)\n", "\n".join(lines))]


@pytest.mark.parametrize("way", ["a login", "local.env"])
def test_the_command_in_the_error_moves_the_stack(
    engine: Engine, emulator: RunningEmulator, tmp_path: Path, way: str
) -> None:
    """It works in any shell: the stack is then on the other backend only, and preview shows no change."""
    root, own = tmp_path / "checkout", f"file://{tmp_path}/own"
    (tmp_path / "own").mkdir()
    moving, destroying = _commands(engine.stack("preview", fails=True))
    assert moving.count(f"PULUMI_BACKEND_URL=file://{root}/.local/state ") == 2
    assert moving.count("PULUMI_BACKEND_URL=URL ") == 2
    assert destroying.startswith(f"env PULUMI_BACKEND_URL=file://{root}/.local/state ")
    before = "pulumi() { false; }" if way == "local.env" else f"pulumi login {own}"
    backend = {"PULUMI_BACKEND_URL": f"file://{root}/.local/state", "PULUMI_STACK": "local"}
    variables = backend if way == "local.env" else {}

    script = f"{before}; {moving.replace('=URL ', f'={own} PULUMI_CONFIG_PASSPHRASE= ')}"
    text = engine.shell(script, **variables)

    assert "Import complete" in text
    assert not (root / "test.state.json").exists()
    engine.move(f"file://{root}/.local/state")
    assert "no stack named 'test' found" in engine.run("stack", "export", "--stack", "test", fails=True)
    engine.move(own)
    assert engine.preview() == {}
    engine.stack("destroy", "--skip-preview")


@pytest.mark.faults
def test_a_move_fails_if_the_other_backend_has_a_stack_of_that_name(engine: Engine, tmp_path: Path) -> None:
    """Both stacks stay unchanged; the destroy command finds the local one from a shell logged in to the other."""
    root, own = tmp_path / "checkout", f"file://{tmp_path}/own"
    (tmp_path / "own").mkdir()
    moving, destroying = _commands(engine.stack("preview", fails=True))
    before = engine.resources()
    engine.move(own)
    engine.run("stack", "init", "--stack", "test", folder=tmp_path / "engine")
    other = sorted(path.read_bytes() for path in (tmp_path / "own/.pulumi/stacks").rglob("test.json"))

    text = engine.shell(f"pulumi login {own}; {moving.replace('=URL ', f'={own} PULUMI_CONFIG_PASSPHRASE= ')}")

    assert "already exists" in text
    assert not (root / "test.state.json").exists()
    assert sorted(path.read_bytes() for path in (tmp_path / "own/.pulumi/stacks").rglob("test.json")) == other
    engine.move(f"file://{root}/.local/state")
    assert engine.resources() == before
    engine.shell(f"{destroying} --yes --skip-preview")
    assert engine.resources() == {}


def test_the_local_stack_must_be_on_this_machine(emulator: RunningEmulator, project: str, tmp_path: Path) -> None:
    """An endpoint on another machine is refused before anything is registered."""
    root = checkout.program(tmp_path / "checkout")
    engine = Engine(tmp_path / "engine", root)
    (root / ".local/state").mkdir(parents=True)
    engine.move(f"file://{root}/.local/state")
    engine.run("stack", "init", "--stack", "local", folder=tmp_path / "engine")
    file = tmp_path / "engine/Pulumi.local.yaml"
    texts = []
    for endpoint in ("global", "https://ml.example.com", emulator.endpoint):
        file.write_text(
            f"config: {{gcp:project: {project}, tf2-models:endpoint: {endpoint}, tf2-models:models: {{}}}}\n"
        )
        text = engine.run(
            "up", "--skip-preview", "--stack", "local", "--config-file", str(file), fails=endpoint != emulator.endpoint
        )
        texts.append(text)
    engine.run("destroy", "--skip-preview", "--stack", "local", "--config-file", str(file))

    for text in texts[:2]:
        assert "tf2-models:endpoint must be http://127.0.0.1:PORT: the local stack is on this machine only" in text
    assert "created" in texts[2]
