"""Where `python -m emulator up` listens, and how one that runs comes there."""

from __future__ import annotations

import http.client
import json
import os
import select
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from resources.config import local_endpoint
from tests.addresses import ELSEWHERE, declare, free_ports
from tests.running import BOUND, ROOT, RunningEmulator, alive


class Checkout:
    """A folder with a stack file, where the emulator is started as in a checkout."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def run(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """`python -m emulator` with these arguments, to its end."""
        clean = {name: value for name, value in os.environ.items() if name != "TF2_MODELS_ENDPOINT"}
        return subprocess.run(
            [sys.executable, "-m", "emulator", *arguments],
            cwd=self.folder,
            env={**clean, "PYTHONPATH": str(ROOT), **variables},
            capture_output=True,
            text=True,
            timeout=BOUND,
            check=False,
        )

    def up(self, *arguments: str) -> str:
        """What `up` prints when it succeeds."""
        done = self.run("up", *arguments)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    def pid_file(self) -> dict[str, Any]:
        """What the emulator that runs here notes of itself."""
        found: dict[str, Any] = json.loads((self.folder / ".local/emulator/pid").read_text(encoding="utf-8"))
        return found


Make = Callable[[int | str | None], Checkout]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Makes folders whose stack file has this endpoint; what is up in them is stopped at the end."""
    made: list[Checkout] = []

    def checkout(endpoint: int | str | None) -> Checkout:
        found = Checkout(declare(tmp_path / f"checkout-{len(made)}", endpoint))
        made.append(found)
        return found

    yield checkout
    for found in made:
        found.run("down")


def _ask(port: int, verb: str, path: str, body: dict[str, Any] | None = None) -> tuple[int, str, dict[str, Any]]:
    """Status, `location` and JSON of an answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=BOUND)
    try:
        connection.request(verb, path, json.dumps(body) if body else None, {"content-type": "application/json"})
        answer = connection.getresponse()
        content = answer.read()
        return answer.status, answer.headers.get("location", ""), json.loads(content or b"{}")
    finally:
        connection.close()


def test_two_checkouts_side_by_side(make: Make) -> None:
    """Each listens where its own stack file says, says so, and has its own state."""
    ports = free_ports(2)
    checkouts = [make(port) for port in ports]

    said = [checkout.up() for checkout in checkouts]
    created = [
        _ask(port, "POST", "/v1/projects/demo/models", {"name": f"m{port}", "regions": ["us-central1"]})[0]
        for port in ports
    ]
    models = [_ask(port, "GET", "/v1/projects/demo/models")[2]["models"] for port in ports]
    down = [checkout.run("down").stdout for checkout in checkouts[:1]]

    for port, text in zip(ports, said, strict=True):
        endpoint = f"http://127.0.0.1:{port}"
        assert text == f"emulator is up on {endpoint}\nconsole: {endpoint}/console\n"
    assert created == [200, 200]
    assert [[model["name"] for model in found] for found in models] == [
        [f"projects/demo/models/m{port}"] for port in ports
    ]
    assert down == ["emulator is down\n"]
    assert _ask(ports[1], "GET", "/-/status")[0] == 200


def test_a_port_that_was_changed(make: Make) -> None:
    """`up` refuses with a command; that command, typed, moves the emulator with its state and settings."""
    before, after = free_ports(2)
    checkout = make(before)
    checkout.up("--operation-seconds", "0.5", "--host-name", "models.test")
    _ask(before, "POST", "/v1/projects/demo/models", {"name": "kept", "regions": ["us-central1"]})
    old = checkout.pid_file()["pid"]
    declare(checkout.folder, after)

    refused = checkout.run("up")
    command = refused.stderr.split("`")[1]
    _, _, _, *arguments = shlex.split(command)
    moved = checkout.run(*arguments)
    settings = _ask(after, "GET", "/-/status")[2]["settings"]
    models = _ask(after, "GET", "/v1/projects/demo/models")[2]["models"]
    again = checkout.up("--restart")

    assert refused.returncode == 1
    assert command.startswith("python -m emulator up")
    assert f"on http://127.0.0.1:{before}" in refused.stderr
    assert f"moves it to http://127.0.0.1:{after}" in refused.stderr
    assert moved.returncode == 0, moved.stderr
    assert f"emulator is up on http://127.0.0.1:{after}" in moved.stdout
    assert not alive(old)
    assert (settings["operationSeconds"], settings["hostName"]) == (0.5, "models.test")
    assert [model["name"] for model in models] == ["projects/demo/models/kept"]
    assert f"already up on http://127.0.0.1:{after}" in again


def test_a_port_that_another_program_holds(make: Make) -> None:
    """The running emulator keeps its port; the error says how to choose another one."""
    (before,) = free_ports(1)
    checkout = make(before)
    checkout.up()
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        declare(checkout.folder, taken)
        refused = checkout.run("up", "--restart")

    assert refused.returncode == 1
    assert refused.stderr.startswith(f"error: port {taken} is taken by another program")
    assert (
        "or set tf2-models:endpoint in Pulumi.local.yaml to http://127.0.0.1:PORT with another port" in refused.stderr
    )
    assert _ask(before, "GET", "/-/status")[0] == 200


@pytest.mark.parametrize("code", ["", "0123456789abcdef"])
def test_an_emulator_of_other_code(make: Make, code: str) -> None:
    """An emulator from before an upgrade is reported, and with `--restart` restarted once."""
    checkout = make(free_ports(1)[0])
    checkout.up()
    started = checkout.pid_file()
    noted = {**started, "code": code} if code else {name: item for name, item in started.items() if name != "code"}
    (checkout.folder / ".local/emulator/pid").write_text(json.dumps(noted), encoding="utf-8")

    done = checkout.run("up")
    restarted = checkout.up("--restart")
    same = checkout.up("--restart")

    assert done.returncode == 0
    assert "runs another version of this code: `python -m emulator up --restart`" in done.stderr
    assert checkout.pid_file()["pid"] != started["pid"]
    assert checkout.pid_file()["code"] == started["code"]
    assert "runs another version of this code: restarting it" in restarted
    assert "is already up" in same


def test_settings_that_are_given_with_a_restart(make: Make, tmp_path: Path) -> None:
    """Given settings are applied; all others, including the token, are kept."""
    (tmp_path / "token").write_text("0123456789abcdef-token", encoding="utf-8")
    checkout = make(free_ports(1)[0])
    checkout.up("--token-file", "../token")

    plain = checkout.run("up", "--sunset", "--token-file", "../token")
    restarted = checkout.up("--restart", "--sunset")
    same = checkout.up("--restart", "--sunset", "--token-file", "../token")

    assert (plain.returncode, "with other settings" in plain.stderr) == (1, True)
    assert "has other settings: restarting it" in restarted
    assert "is already up" in same
    assert checkout.pid_file()["tokenFile"].endswith("/token")
    assert "refused" in checkout.run("status").stdout


def test_the_environment_and_the_option_come_first(make: Make) -> None:
    """`--port`, else TF2_MODELS_ENDPOINT, else the stack file."""
    in_file, in_environment, given = free_ports(3)
    checkout = make(in_file)
    variable = {"TF2_MODELS_ENDPOINT": f"http://localhost:{in_environment}"}

    first = checkout.run("up", **variable).stdout
    second = checkout.run("up", "--restart", "--port", str(given), **variable).stdout
    third = checkout.up("--restart")

    assert f"emulator is up on http://127.0.0.1:{in_environment}\n" in first
    assert f"emulator is up on http://127.0.0.1:{given}\n" in second
    assert f"emulator is up on http://127.0.0.1:{in_file}\n" in third


def test_another_address_of_loopback(make: Make) -> None:
    """The emulator listens at the loopback address of the stack file."""
    (port,) = free_ports(1)
    checkout = make(f"http://127.0.0.7:{port}")

    said = checkout.up()

    assert f"emulator is up on http://127.0.0.7:{port}\n" in said
    assert checkout.run("status").returncode == 0


@pytest.mark.parametrize("verb", ["up", "serve"])
@pytest.mark.parametrize("endpoint", [ELSEWHERE[0], *ELSEWHERE[8:11]])
def test_an_endpoint_elsewhere(make: Make, verb: str, endpoint: str) -> None:
    """No emulator is started for it; the line names the key."""
    refused = make(endpoint).run(verb)

    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr.startswith("error: tf2-models:endpoint in Pulumi.local.yaml: must be http://127.0.0.1:PORT")


def test_status_with_an_endpoint_elsewhere(make: Make) -> None:
    """It says what is wrong with the endpoint: `up` would refuse it. Whether one runs, it says all the same."""
    wrong = "tf2-models:endpoint in Pulumi.local.yaml: must be http://127.0.0.1:PORT"
    checkout = make(free_ports(1)[0])
    checkout.up()
    declare(checkout.folder, "global")

    runs = checkout.run("status")
    checkout.run("down")
    ended = checkout.run("status")

    assert (runs.returncode, runs.stderr.startswith(f"warning: {wrong}")) == (0, True)
    assert (ended.returncode, wrong in ended.stdout) == (3, True)


def test_the_command_for_an_emulator_that_runs_elsewhere(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has `--restart`, without which `up` refuses; once it is there, or is killed, it has not."""
    before, after = free_ports(2)
    checkout = make(before)
    checkout.up()
    monkeypatch.chdir(checkout.folder)
    monkeypatch.delenv("TF2_MODELS_ENDPOINT", raising=False)
    declare(checkout.folder, after)

    command = local_endpoint.up_command(f"http://127.0.0.1:{after}")
    strange = local_endpoint.not_ours(f"http://127.0.0.1:{after}")
    checkout.up("--restart")
    own = local_endpoint.not_ours(f"http://localhost:{after}")

    assert command == "python -m emulator up --restart"
    assert f"not this folder's emulator, which runs on http://127.0.0.1:{before}" in strange
    assert own == ""
    assert local_endpoint.up_command(f"http://127.0.0.1:{after}") == "python -m emulator up"
    process = os.pidfd_open(checkout.pid_file()["pid"])
    signal.pidfd_send_signal(process, signal.SIGKILL)
    select.select([process], [], [], BOUND)
    os.close(process)
    assert "not this folder's emulator, which does not run" in local_endpoint.not_ours(f"http://127.0.0.1:{after}")
    assert local_endpoint.not_ours("https://ml.googleapis.com") == ""


@pytest.mark.parametrize("verb", ["GET", "HEAD"])
def test_the_root_leads_to_the_console(emulator: RunningEmulator, verb: str) -> None:
    """`/` redirects to the console."""
    port = int(emulator.endpoint.rpartition(":")[2])

    assert _ask(port, verb, "/")[:2] == (302, "/console")
    assert _ask(port, "POST", "/")[0] == 404
