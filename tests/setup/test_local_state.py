"""tools.local_state answers questions about the local state, with the real engine."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest

from tests.setup.checkout import Checkout
from tests.setup.states import URN, StateFolder, creating

DEPLOYED = {"resources": [{"urn": URN}]}


@pytest.fixture
def folder(checkout: Checkout) -> StateFolder:
    """The local stack's backend."""
    checkout.add_pulumi()
    return StateFolder.local(checkout)


def _ask(checkout: Checkout, *questions: str) -> subprocess.CompletedProcess[str]:
    """Asks; the exit code 0 is yes, 1 is no."""
    return checkout.run(sys.executable, "-m", "tools.local_state", *questions)


@pytest.mark.parametrize(
    ("latest", "answer"),
    [
        (None, 0),
        ({"manifest": {}}, 0),
        (DEPLOYED, 1),
        ({"pending_operations": [creating(URN)]}, 1),
        ({"pending_operations": [{"resource": {}, "type": "deleting"}]}, 0),
    ],
)
@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_resources_are_read_from_the_last_snapshot(
    checkout: Checkout, folder: StateFolder, latest: dict[str, Any] | None, answer: int, suffix: str
) -> None:
    """Resources and interrupted creations count, in a compressed snapshot too."""
    folder.write(latest, suffix=suffix)
    assert _ask(checkout, "empty", "local").returncode == answer


@pytest.mark.parametrize(("newer", "older"), [("", ".gz"), (".gz", "")])
def test_of_two_snapshots_the_newer_counts(checkout: Checkout, folder: StateFolder, newer: str, older: str) -> None:
    """So it does for the engine, if PULUMI_SELF_MANAGED_STATE_GZIP was set or unset later."""
    os.utime(folder.write(None, suffix=older), (1, 1))
    folder.write(DEPLOYED, suffix=newer)
    assert _ask(checkout, "empty", "local").returncode == 1


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\x1f\x8b", b"\xff"])
def test_an_invalid_snapshot_is_not_empty(checkout: Checkout, folder: StateFolder, content: bytes) -> None:
    """The recovery repairs or reports it."""
    folder.snapshot().write_bytes(content)
    result = _ask(checkout, "empty", "local")
    assert (result.returncode, result.stderr) == (1, "")


@pytest.mark.parametrize("arguments", [(), ("what",), ("empty",), ("alone", "local")])
def test_wrong_usage_exits_with_2(checkout: Checkout, arguments: tuple[str, ...]) -> None:
    """Anything but one known question prints the usage."""
    result = _ask(checkout, *arguments)
    assert result.returncode == 2
    assert "Usage:" in result.stderr
