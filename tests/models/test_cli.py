"""The command line, without a training."""

from __future__ import annotations

import pytest

from tests.models.conftest import Run


@pytest.mark.parametrize("arguments", [("--help",), ("build", "--help"), ("push", "--help"), ("list", "--help")])
def test_help(run: Run, arguments: tuple[str, ...]) -> None:
    """Each command explains itself and its exit codes."""
    done = run(*arguments)

    assert (done.returncode, done.stderr) == (0, "")
    assert "exit codes:" in done.stdout
    assert ("examples:" in done.stdout) == (arguments[0] != "list")


def test_list(run: Run) -> None:
    """Recipes stand there with their parameters, defaults, digests and whether there is a card and a build."""
    done = run("list")

    assert (done.returncode, done.stderr) == (0, "")
    assert "line: a straight line\n  --set seed=1  start\n" in done.stdout
    assert "--set data=sample" in done.stdout
    assert done.stdout.count("no card, not built here  <- the defaults, as the code is now") == 3


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ((), 2, "COMMAND"),
        (("bild",), 2, "invalid choice"),
        (("build", "lime"), 2, "there is no recipe 'lime'"),
        (("build", "line", "--set", "rate=fast"), 2, "parameters.rate: 'fast' is no float"),
        (("build", "line", "--set", "rate"), 2, "--set rate: this is no KEY=VALUE"),
        (("build", "line", "lime"), 2, "there is no recipe 'lime'"),
        (("build", "line", "--stack", "local"), 2, "leave out NAME and --set"),
        (("build", "--stack", "local"), 1, "Pulumi.local.yaml: there is no such stack file"),
    ],
)
def test_errors(run: Run, arguments: tuple[str, ...], code: int, said: str) -> None:
    """What is wrong is one plain line, before any training; 2 is for wrong usage, 1 for what failed."""
    done = run(*arguments)

    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
