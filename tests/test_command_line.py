"""Commands show no warnings of libraries and end quietly if the reader of their output has gone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import command_line
from tests.running import BOUND, ROOT

_OLD_PYTHON = (
    "import datetime\n"
    "from google.api_core._python_version_support import check_python_version\n"
    "check_python_version(today=datetime.date(2099, 1, 1))\n"
)
"""The check that Google's clients make when an unsupported Python imports them."""


def _python(script: str, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *options, "-c", script]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=BOUND, check=False)


def test_the_warning_is_shown_without_our_filter() -> None:
    """Otherwise the next test proves nothing."""
    assert "FutureWarning: You are using a non-supported Python version" in _python(_OLD_PYTHON).stderr


def test_the_warning_about_an_old_python_is_hidden() -> None:
    """It is hidden in the program and in providers, which import `resources` first."""
    done = _python(f"import resources\n{_OLD_PYTHON}")

    assert (done.returncode, done.stderr) == (0, "")


def test_requested_warnings_are_shown() -> None:
    """`-W error` still works."""
    assert "FutureWarning" in _python(f"import resources\n{_OLD_PYTHON}", "-W", "error").stderr


@pytest.mark.parametrize("module", ["prediction", "emulator", "models", "tools.docs"])
def test_warnings_of_libraries_are_hidden(module: str) -> None:
    """The filter is set before a command imports its modules."""
    script = (
        "import runpy, sys, warnings\n"
        "class Warn:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.endswith(('cli', '.command_line')):\n"
        "            warnings.warn('of a library')\n"
        "            print('imported')\n"
        "sys.meta_path.insert(0, Warn())\n"
        "sys.argv = ['x', '--help']\n"
        f"runpy.run_module({module!r}, run_name='__main__')\n"
    )
    done = _python(script)

    assert done.stdout.startswith("imported\n")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    "command",
    [
        ["prediction", "--help"],
        ["prediction", "batch", "--help"],
        ["emulator", "--help"],
        ["emulator", "logs", "-n", "5000", "--data", "LOGGED"],
        ["models", "list"],
        ["tools.docs", "--help"],
    ],
)
def test_a_closed_output_is_not_an_error(command: list[str], tmp_path: Path) -> None:
    """As with `| head -1`, standard error stays empty, and the exit code is that of a broken pipe."""
    (tmp_path / "log").write_text("12:00:00 GET /v1/projects/demo/models 200\n" * 5000, encoding="utf-8")
    command = [str(tmp_path) if word == "LOGGED" else word for word in command]
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [sys.executable, "-m", *command], cwd=ROOT, env=buffered, stdout=pipe, stderr=pipe, text=True
    ) as started:
        assert started.stdout is not None
        assert started.stderr is not None
        started.stdout.close()
        errors = started.stderr.read()

    assert (started.returncode, errors) == (command_line.BROKEN_PIPE, "")


def test_the_exit_code_is_that_of_the_command() -> None:
    """The exit code is kept even if the command calls `sys.exit`."""
    script = "import sys, command_line; command_line.run(lambda: {})"

    assert _python(script.format("3")).returncode == 3
    assert _python(script.format("sys.exit(4)")).returncode == 4
