"""The real Pulumi engine, with a separate state for each test."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from tests.running import BOUND, ROOT, alive, descendants


def write_program(folder: Path, text: str = "") -> Path:
    """Makes a folder with a Pulumi program of this text, named like this project; returns the folder."""
    folder.mkdir()
    (folder / "Pulumi.yaml").write_text("name: tf2-models\nruntime: python\n", encoding="utf-8")
    (folder / "__main__.py").write_text(text, encoding="utf-8")
    return folder


_new_stacks: dict[str, dict[str, bytes]] = {}
"""Text of Pulumi.yaml -> the files of a new stack."""


class Engine:
    """The `pulumi` command on one stack of one program.

    Attributes:
        config: the stack's configuration; `write` saves it for the engine.
    """

    def __init__(self, folder: Path, program: Path = ROOT) -> None:
        self._folder, self._program = folder, program
        self._file = folder / "Pulumi.test.yaml"
        (folder / "state").mkdir(parents=True)
        self.config: dict[str, Any] = {}
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("PULUMI_", "TF2_MODELS_"))},
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "PULUMI_BACKEND_URL": f"file://{folder / 'state'}",
            "PULUMI_CONFIG_PASSPHRASE": "",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PULUMI_PYTHON_CMD": str(ROOT / "tools/pulumi/python"),
            "TF2_MODELS_PYTHON": sys.executable,
            "PULUMI_HOME": str(folder / "home"),  # so that the user's login and logs do not change
            "PULUMI_SKIP_CONFIRMATIONS": "true",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_STACK": "test",
            "PYTHONPATH": str(ROOT),
        }
        self._init((program / "Pulumi.yaml").read_text(encoding="utf-8"))
        self.write({})

    def _init(self, project: str) -> None:
        """Makes the stack: by `stack init` for the first one of a project, with the files that it wrote for others."""
        # `stack init` writes the stack file beside Pulumi.yaml, which must not happen in the program's folder.
        (self._folder / "Pulumi.yaml").write_text(project, encoding="utf-8")
        if project not in _new_stacks:
            self.run("stack", "init", "--stack", "test", folder=self._folder)
            written = [self._file, *(path for path in (self._folder / "state").rglob("*") if path.is_file())]
            _new_stacks[project] = {str(path.relative_to(self._folder)): path.read_bytes() for path in written}
        for name, content in _new_stacks[project].items():
            (self._folder / name).parent.mkdir(parents=True, exist_ok=True)
            (self._folder / name).write_bytes(content)

    def move(self, backend: str) -> None:
        """Uses the state on this backend from now on."""
        self._environment["PULUMI_BACKEND_URL"] = backend

    def write(self, config: dict[str, Any]) -> None:
        """Writes the stack's configuration; keeps the file's other keys, such as the encryption of secrets."""
        self.config = config
        written = yaml.safe_load(self._file.read_text(encoding="utf-8")) if self._file.is_file() else None
        self._file.write_text(yaml.safe_dump({**(written or {}), "config": config}), encoding="utf-8")

    def write_secret(self, path: str, value: str) -> None:
        """Sets an encrypted value for a key of the configuration, or for a path in it."""
        place = ("--stack", "test", "--config-file", str(self._file))
        self.run("config", "set", "--secret", "--path", path, value, *place)
        self.config = yaml.safe_load(self._file.read_text(encoding="utf-8"))["config"]

    def edit(self, path: str, value: Any) -> None:
        """Sets a key of the models' configuration, such as `mult.versions.v1.description`; None removes it."""
        *parents, last = path.split(".")
        place = self.config["tf2-models:models"]
        for key in parents:
            place = place[key]
        if value is None:
            del place[last]
        else:
            place[last] = value
        self.write(self.config)

    def run(self, *command: str, fails: bool = False, folder: Path | None = None) -> str:
        """The output of a command. Raises `AssertionError` with it unless the command fails or succeeds as expected."""
        done = subprocess.run(
            ["pulumi", *command, "--non-interactive", "--color=never"],
            cwd=folder or self._program,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=BOUND,
            check=False,
        )
        text = done.stdout + done.stderr
        assert bool(done.returncode) is fails, text
        return text

    def shell(self, script: str, **variables: str) -> str:
        """The output of a script in the program's folder, in a shell without a terminal and with these variables."""
        kept = ("PULUMI_HOME", "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION", "PULUMI_SKIP_UPDATE_CHECK")
        known = {
            name: text for name, text in self._environment.items() if name in kept or not name.startswith("PULUMI_")
        }
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=self._program,
            env={**known, **variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=BOUND,
            check=False,
        )
        return done.stdout

    def begin(self, verb: str, *options: str) -> subprocess.Popen[str]:
        """Starts a command on the stack without waiting for it."""
        return self._begun("pulumi", verb, "--non-interactive", *options)

    def begin_recovery(self, verb: str) -> subprocess.Popen[str]:
        """Starts `tools.recovery` on the stack without waiting for it."""
        return self._begun(sys.executable, "-m", "tools.recovery", verb, "--non-interactive", "--skip-preview")

    def _begun(self, *command: str) -> subprocess.Popen[str]:
        """Starts a command in a new session, so that a signal to its group reaches the same processes as Ctrl-C."""
        return subprocess.Popen(
            [*command, "--config-file", str(self._file), "--color=never"],
            cwd=self._program,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            text=True,
        )

    def recover(self, verb: str, *, fails: bool = False) -> str:
        """The output of `tools.recovery`. Raises `AssertionError` with it unless it fails or succeeds as expected."""
        process = self.begin_recovery(verb)
        text, _ = process.communicate(timeout=BOUND)
        assert bool(process.returncode) is fails, text
        return text

    def processes(self) -> list[str]:
        """The command lines of all processes of this stack."""
        mark, found = f"PULUMI_BACKEND_URL=file://{self._folder / 'state'}".encode(), []
        for process in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):  # it ended meanwhile
                if mark in (process / "environ").read_bytes().split(b"\0") and alive(int(process.name)):
                    found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        return found

    def provider(self, engine: int) -> int:
        """The process ID of an engine's provider; 0 if there is none."""
        for child in descendants(engine):
            with contextlib.suppress(OSError):  # it ended meanwhile
                if b"pulumi.dynamic" in Path(f"/proc/{child}/cmdline").read_bytes():
                    return child
        return 0

    def stack(self, verb: str, *options: str, fails: bool = False) -> str:
        """Runs `up`, `preview`, `refresh` or `destroy`; returns the output."""
        return self.run(verb, "--stack", "test", "--config-file", str(self._file), *options, fails=fails)

    def up(self, *options: str) -> dict[str, int]:
        """Runs `up` without a preview; returns how many resources were created, updated, ..."""
        text = self.stack("up", "--skip-preview", "--suppress-progress", *options)
        return summary(text)

    def preview(self) -> dict[str, str]:
        """Resource (type and name) -> planned operation, without unchanged resources."""
        report = json.loads(self.stack("preview", "--json"))
        return {name_of(step["urn"]): step["op"] for step in report["steps"] if step["op"] != "same"}

    def outputs(self) -> dict[str, Any]:
        """The stack's outputs."""
        found: dict[str, Any] = json.loads(self.run("stack", "output", "--json", "--stack", "test"))
        return found

    def resources(self) -> dict[str, dict[str, Any]]:
        """Resource -> its entry in the state."""
        return {name_of(entry["urn"]): entry for entry in self._deployment().get("resources", [])}

    def pending(self) -> list[str]:
        """The resources with a pending operation in the state."""
        return [name_of(entry["resource"]["urn"]) for entry in self._deployment().get("pending_operations", [])]

    def cut_state(self) -> None:
        """Leaves the state's files as an engine that is killed while it writes them."""
        snapshot = self._folder / "state/.pulumi/stacks/tf2-models/test.json"
        snapshot.with_name(f"{snapshot.name}.attrs").write_text("")
        snapshot.with_name(f"{snapshot.name}.1.tmp").write_text("{")

    def _deployment(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.run("stack", "export", "--stack", "test"))["deployment"]
        return found


def name_of(urn: str) -> str:
    """Type and name: `Version mult-v1` for `urn:pulumi:...::pulumi-python:dynamic/ml:Version::mult-v1`."""
    *_, kind, name = urn.split("::")
    return f"{kind.rpartition(':')[2]} {name}"


def summary(text: str) -> dict[str, int]:
    """The counts that a command prints under `Resources:`."""
    counts = re.findall(r"(\d+) (created|updated|deleted|replaced|unchanged)", text.rpartition("Resources:\n")[2])
    return {word: int(count) for count, word in counts}
