"""A stack that came into the local state of a checkout, which is for the stack `local` alone: the real engine."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.artifacts import checkout
from tests.engine import Engine
from tests.running import RunningEmulator

pytestmark = pytest.mark.engine


@pytest.fixture
def engine(emulator: RunningEmulator, project: str, tmp_path: Path) -> Engine:
    """A stack `test` that is deployed, whose state then is that of the checkout, `tmp_path/checkout/.local/state`."""
    root = checkout.program(tmp_path / "checkout")
    checkout.built(root)
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


def test_the_program_refuses_it(engine: Engine, emulator: RunningEmulator, tmp_path: Path) -> None:
    """By preview and up, however the backend is written; the API is not called, and the state stays as it is."""
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
            assert "stack test is in .local/state, which is for the stack local only; nothing was changed" in text, form
            assert "command pulumi stack export --stack test --show-secrets --file test.json" in text, form
            assert "Traceback" not in text
    assert emulator.calls() == {}
    assert engine.resources() == before


def test_it_is_destroyed_where_it_is(engine: Engine, emulator: RunningEmulator, project: str) -> None:
    """Refresh and destroy run without the program."""
    engine.stack("refresh", "--skip-preview")
    engine.stack("destroy", "--skip-preview")
    assert engine.resources() == {}
    assert emulator.ml().projects().models().list(parent=f"projects/{project}").execute() == {}


def test_it_is_moved_as_the_refusal_says(engine: Engine, tmp_path: Path) -> None:
    """On a backend of its own it previews as unchanged; here nothing is left of it."""
    here, own = f"file://{tmp_path}/checkout/.local/state", f"file://{tmp_path}/own"
    file = str(tmp_path / "test.json")
    (tmp_path / "own").mkdir()
    refusal = engine.stack("preview", fails=True)
    steps = [
        line.split(" #")[0].split()
        for line in refusal.splitlines()
        if line.strip().startswith(("pulumi ", "command pulumi "))
    ]
    steps = [[word for word in step if word != "command"][1:] for step in dict.fromkeys(map(tuple, steps))]
    *moving, destroying = steps
    assert [step[0] for step in moving] == ["stack", "login", "stack", "stack", "stack"]
    assert destroying == ["destroy", "--stack", "test"]

    for backend, step in zip((here, own, own, own, here), moving, strict=True):
        engine.move(backend)
        words = [own if word == "URL" else file if word == "test.json" else word for word in step]
        folder = tmp_path / "engine" if words[:2] == ["stack", "init"] else None
        engine.run(*words, *(["--yes"] if words[:2] == ["stack", "rm"] else []), folder=folder)

    engine.move(here)
    assert "no stack named 'test' found" in engine.run("stack", "export", "--stack", "test", fails=True)
    engine.move(own)
    assert engine.preview() == {}
    engine.stack("destroy", "--skip-preview")


def test_the_local_stack_on_another_machine(emulator: RunningEmulator, project: str, tmp_path: Path) -> None:
    """An endpoint on another machine is refused for the local stack before anything is registered."""
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
