"""Where the local stack is, and which backend is its own."""

from __future__ import annotations

import json
import os
import pwd
from pathlib import Path

import pytest

from gcp import errors
from models.commands.stack_file import stack_config
from prediction.settings import target
from resources.config import local_endpoint, state_backend
from tests.addresses import ELSEWHERE, declare
from tests.running import ROOT

VARIABLE = "TF2_MODELS_ENDPOINT"


@pytest.fixture(autouse=True)
def _no_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (VARIABLE, "PULUMI_BACKEND_URL", "PULUMI_CREDENTIALS_PATH", "PULUMI_HOME"):
        monkeypatch.delenv(name, raising=False)


def test_the_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment, else the stack file, else port 8470; what is empty is not given."""
    assert local_endpoint.endpoint(tmp_path) == "http://127.0.0.1:8470"
    declare(tmp_path, None)
    assert local_endpoint.endpoint(tmp_path) == "http://127.0.0.1:8470"
    declare(tmp_path, 8471)
    monkeypatch.setenv(VARIABLE, "")
    assert local_endpoint.endpoint(tmp_path) == "http://127.0.0.1:8471"
    monkeypatch.setenv(VARIABLE, "http://127.0.0.1:8472")
    assert local_endpoint.endpoint(tmp_path) == "http://127.0.0.1:8472"


@pytest.mark.parametrize(
    ("keys", "port"),
    [
        (["endpoint: http://127.0.0.1:9001"], 9001),
        (["endpoint: http://127.0.0.1:9001", "tf2-models:endpoint: http://127.0.0.1:9002"], 9002),
        (["tf2-models:endpoint: http://127.0.0.1:9002", "endpoint: http://127.0.0.1:9001"], 9001),
        (["other:endpoint: http://127.0.0.1:9003"], 8470),
    ],
)
def test_a_key_without_the_namespace(tmp_path: Path, keys: list[str], port: int) -> None:
    """It is the project's, as in Pulumi, for every command; of two the last one counts."""
    lines = "".join(f"  {key}\n" for key in ["gcp:project: demo", *keys])
    (tmp_path / "Pulumi.local.yaml").write_text(f"config:\n{lines}", encoding="utf-8")

    assert local_endpoint.endpoint(tmp_path) == f"http://127.0.0.1:{port}"
    found = target(stack="local", project=None, endpoint=None, region=None, folder=tmp_path)
    assert found.settings.endpoint == f"http://127.0.0.1:{port}"
    assert stack_config("local", tmp_path).get(local_endpoint.KEY) == (
        None if port == 8470 else f"http://127.0.0.1:{port}"
    )


@pytest.mark.parametrize(
    ("text", "endpoint"),
    [
        ("http://127.0.0.1:9000", "http://127.0.0.1:9000"),
        ("http://127.0.0.1:9000/", "http://127.0.0.1:9000"),
        ("HTTP://127.0.0.1:9000", "http://127.0.0.1:9000"),
        ("http://127.8.7.6:9000", "http://127.8.7.6:9000"),
        ("http://localhost:9000", "http://127.0.0.1:9000"),
        ("http://LocalHost:9000", "http://127.0.0.1:9000"),
        ("http://127.0.0.1", "http://127.0.0.1:80"),
    ],
)
def test_what_is_on_this_machine(tmp_path: Path, text: str, endpoint: str) -> None:
    """Any address of IPv4 loopback, to which an emulator can listen; localhost is 127.0.0.1, wherever it resolves."""
    assert local_endpoint.endpoint(declare(tmp_path, text)) == endpoint
    assert local_endpoint.failure(text) == ""


@pytest.mark.parametrize("text", ELSEWHERE)
def test_what_is_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """It is refused from the file and from the environment, by its name, with the form that is right."""
    with pytest.raises(
        errors.InvalidInput, match=r"tf2-models:endpoint in Pulumi\.local\.yaml: must be http://127\.0\.0\.1"
    ):
        local_endpoint.endpoint(declare(tmp_path, text))
    monkeypatch.setenv(VARIABLE, text)
    with pytest.raises(errors.InvalidInput, match=rf"{VARIABLE}: must be http://127\.0\.0\.1:PORT") as refused:
        local_endpoint.endpoint(tmp_path)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    "content", ["config: [", "config:\n  tf2-models:endpoint: {secure: v1:abc}", "config:\n  tf2-models:endpoint: [a]"]
)
def test_a_stack_file_that_does_not_say(tmp_path: Path, content: str) -> None:
    """It is an error, not the default port."""
    (tmp_path / "Pulumi.local.yaml").write_text(content)
    with pytest.raises(errors.InvalidInput, match=r"Pulumi\.local\.yaml"):
        local_endpoint.endpoint(tmp_path)


def test_the_command_that_starts_an_emulator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command has `--port` only if `emulator up` alone would listen elsewhere."""
    monkeypatch.chdir(declare(tmp_path, 8471))
    assert local_endpoint.up_command("http://127.0.0.1:8471") == "python -m emulator up"
    assert local_endpoint.up_command("http://localhost:8471") == "python -m emulator up"
    assert local_endpoint.up_command("http://127.0.0.1:9000") == "python -m emulator up --port 9000"
    declare(tmp_path, "global")
    assert local_endpoint.up_command("http://127.0.0.1:9000") == "python -m emulator up --port 9000"


def _home() -> Path:
    return Path(pwd.getpwuid(os.getuid()).pw_dir)


def _forms(project: Path) -> list[str]:
    state = project / ".local" / "state"
    link = project.parent / "a link"
    link.symlink_to(project)
    above = "../" * (len(_home().parts) - 1)
    return [
        f"file://{state}",
        f"file://{state}/",
        f"file://{state}?no_tmp_dir=true",
        f"file://{project}/models/../.local//state/.",
        f"file://{link}/.local/state",
        f"file://{link}/.local/state".replace(" ", "%20"),
        f"file://~/{above}{str(state)[1:]}",
        "file://.local/state",
        "file://./.local/state",
    ]


@pytest.mark.parametrize("exists", [True, False])
def test_every_form_of_the_local_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, exists: bool) -> None:
    """Another stack is refused, the local one is not, however the backend is written, before the folder exists too."""
    project = tmp_path / "project"
    (project / "models").mkdir(parents=True)
    if exists:
        (project / ".local" / "state").mkdir(parents=True)
    for form in _forms(project):
        monkeypatch.setenv("PULUMI_BACKEND_URL", form)
        assert "pulumi stack export --stack prod" in state_backend.refusal("prod", project, project), form
        assert state_backend.refusal("local", project, project) == "", form


def test_a_folder_below_the_current_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative path starts where the engine runs, which need not be the project's folder."""
    (tmp_path / "tools").mkdir()
    monkeypatch.setenv("PULUMI_BACKEND_URL", "file://../.local/state")
    assert state_backend.refusal("prod", tmp_path, tmp_path / "tools") != ""
    assert state_backend.refusal("prod", tmp_path, tmp_path) == ""


@pytest.mark.parametrize("url", ["gs://company-state", "https://api.pulumi.com", "file://~", "file:///tmp/state", ""])
def test_a_backend_of_ones_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """On a backend of one's own, every stack is allowed."""
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PULUMI_BACKEND_URL", url)
    assert state_backend.refusal("prod", tmp_path, tmp_path) == ""


def test_the_backend_that_the_engine_takes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last login counts where neither the project's file nor the environment names one."""
    state, folder = f"file://{tmp_path}/.local/state", tmp_path / "credentials"
    folder.mkdir()
    (folder / "credentials.json").write_text(json.dumps({"current": state}))
    monkeypatch.setenv("PULUMI_HOME", str(folder))
    assert state_backend.refusal("prod", tmp_path, tmp_path) != ""
    (tmp_path / "Pulumi.yaml").write_text("name: x\nbackend: {url: gs://company-state}\n")
    assert state_backend.refusal("prod", tmp_path, tmp_path) == ""
    monkeypatch.setenv("PULUMI_BACKEND_URL", state)
    assert state_backend.refusal("prod", tmp_path, tmp_path) != ""


def test_the_documentation_has_the_same_commands(tmp_path: Path) -> None:
    """What moves a stack, with the folder as the shell knows it, and a bucket as the other backend."""
    text = (
        state_backend.way_out("prod", tmp_path)
        .replace(f"file://{tmp_path}", "file://$PWD")
        .replace("=URL ", "=gs://BUCKET ")
    )
    commands = [line.strip() for line in text.splitlines() if line.startswith("    env ")]
    page = (ROOT / "docs/reference/local-stack.md").read_text(encoding="utf-8")
    assert len(commands) == 5
    assert "\n" + "\n".join(commands[:4]) + "\n" in page
    assert commands[4] in page
