"""`Copy as curl` on `/console`: the same request, whatever is in it and whichever shell runs it."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from tests.emulator.console.asking import choose_version, predict
from tests.emulator.console.browser import Browser, Page
from tests.prediction.deployment import Deployment
from tests.running import BOUND, RunningEmulator

pytestmark = [
    pytest.mark.tensorflow,
    pytest.mark.skipif(shutil.which("curl") is None, reason="no curl on PATH"),
]

_SHELLS = [shell for shell in ("sh", "bash", "dash", "zsh", "ksh", "fish", "tcsh") if shutil.which(shell)]
_TEXT = "document.getElementById('curl-text').value"
_TEXTS = [
    'it\'s $(touch made) `touch made` $HOME ${HOME} !! !made "quoted" %s ; touch made & | > made #',
    "\\ \\\\ \\' \\n \\\\n \\u0027 '\\''",
    "'; touch made; echo '",
    "'\\''; touch made; '\\''",
    "line\nline\ttab\r\x07\x1b[2J\x7f\x85\u2028\u202e\u200b",
    "ünïcödé 試 \U0001f680 \U000e0001",
    "@made -d made --output made",
    "END\nEOF\n",
]


class _Server(ThreadingHTTPServer):
    """Keeps the bodies of the requests that it gets."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.bodies: list[Any] = []
        self.origin = f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        """Keeps the body."""
        self.server.bodies.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Says nothing."""


@pytest.fixture
def server() -> Iterator[_Server]:
    """Takes every request."""
    with _Server() as found:
        thread = Thread(target=found.serve_forever)
        thread.start()
        yield found
        found.shutdown()
        thread.join()


def _run(shell: str, command: str, folder: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """A shell without a start-up file, which reads commands from standard input, as if they were pasted."""
    return subprocess.run(
        [shell],
        input=command + "\n",
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), "LC_ALL": "C.UTF-8", **env},
        capture_output=True,
        text=True,
        timeout=BOUND,
        check=False,
    )


def _made(page: Page, origin: str, name: str, instance: str, *, token: bool = False, signature: str = "") -> str:
    arguments = json.dumps([origin, name]), json.dumps([instance, signature]), json.dumps(token)
    made = "module.asCurl(...{}, module.bodyOf(...{}), {})".format(*arguments)
    found: str = page.run(f"import('/console/request.js').then((module) => {made})")
    return found


@pytest.mark.parametrize("shell", _SHELLS)
def test_every_text_arrives_as_it_is(page: Page, server: _Server, tmp_path: Path, shell: str) -> None:
    """No text of an instance, signature or name is code of the shell; the command is one line of plain text."""
    for text in _TEXTS:
        server.bodies.clear()
        name = f"projects/p/models/{text.replace('/', '')}/versions/v'1"
        instance = json.dumps({"x": [text], text: 1}, ensure_ascii=False)
        command = _made(page, server.origin, name, instance, signature=text)
        done = _run(shell, command, tmp_path)

        expected = {"instances": [{"x": [text], text: 1}], "signature_name": text}
        assert server.bodies == [expected], (done.stderr, command)
        assert command.isprintable(), "a terminal acts on nothing in it"
        left = {path.name for path in tmp_path.rglob("*")}
        assert "made" not in left


@pytest.mark.parametrize("shell", [shell for shell in _SHELLS if shell != "tcsh"])  # its printf is a program
def test_an_instance_of_any_size_is_sent(page: Page, server: _Server, tmp_path: Path, shell: str) -> None:
    """One of 300 KB, too, which no argument of a program may have; its digits and spaces are those that were typed."""
    numbers = "[" + ", ".join(["0.12345678901234567890"] * 13000) + "]"
    for instance in ("[1,\n 9007199254740993,\t2.50]", numbers):
        server.bodies.clear()
        done = _run(shell, _made(page, server.origin, "projects/p/models/m/versions/v1", instance), tmp_path)

        assert server.bodies == [{"instances": [json.loads(instance)]}], done.stderr


def test_the_form_is_copied_with_what_it_asks(page: Page, deployment: Deployment, tmp_path: Path) -> None:
    """The command answers as the form does; nothing is left of an instance that has changed."""
    choose_version(page, f"projects/{deployment.project}/models/risk/versions/v1")
    page.until("document.querySelectorAll('#fields input').length === 2")
    page.type("document.querySelectorAll('#fields input')[1]", "it's $(touch made)")
    page.run("document.getElementById('copy').click()")
    page.until("!document.getElementById('curl').hidden")

    done = _run("sh", page.run(_TEXT), tmp_path)

    assert json.loads(done.stdout) == {"predictions": [{"prediction_probability": [63 / 128]}]}
    assert predict(page).startswith(f"{100 * 63 / 128:.1f} %")
    assert page.run("document.getElementById('curl').hidden") is True
    assert list(tmp_path.iterdir()) == []


def test_the_text_is_copied(page: Page, deployment: Deployment) -> None:
    """To the clipboard if the browser lets the page; else it is selected, and the page says so."""
    page.run(
        "Object.defineProperty(navigator, 'clipboard', {configurable: true,"
        " value: {writeText: async (text) => { document.title = text; }}})"
    )
    page.run("document.getElementById('copy').click()")
    page.until("document.getElementById('copied').innerText === 'Copied.'")
    assert page.run("document.title") == page.run(_TEXT).strip()
    assert f"/v1/projects/{deployment.project}/models/clothes/versions/v1:predict'" in page.run(_TEXT)

    page.run("Object.defineProperty(navigator, 'clipboard', {configurable: true, value: undefined})")
    page.run("document.getElementById('copy').click()")
    page.until("document.getElementById('copied').innerText.startsWith('Copy the text')")
    assert page.run("document.getElementById('curl-text').selectionEnd") == len(page.run(_TEXT))


def test_no_token_is_in_it(browser: Browser, emulator_factory: Callable[..., RunningEmulator], tmp_path: Path) -> None:
    """The shell takes it from its environment, if the endpoint asks for one."""
    token = secrets.token_hex(8)
    (tmp_path / "token").write_text(token)
    emulator = emulator_factory("--token-file", str(tmp_path / "token"))
    with browser.page() as page:
        page.open(f"{emulator.endpoint.replace('//', f'//any:{token}@')}/console")
        page.until("document.getElementById('facts')?.innerText.includes('models')")
        asks = page.run("fetch(new URL('/-/status', location.origin)).then((a) => a.json())")["settings"]["token"]
        command = _made(page, page.run("location.origin"), "projects/p/models/m/versions/v1", "1", token=asks)

    assert token not in command
    answers = [_run("bash", command, tmp_path, **env).stdout for env in ({}, {"TF2_MODELS_TOKEN": token})]
    assert [json.loads(answer)["error"]["code"] for answer in answers] == [401, 404]
