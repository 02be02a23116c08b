"""tools/local_state.py answers questions about the engine's state files."""

from __future__ import annotations

import os
import sys
from typing import Any

import pytest

from tests.setup.checkout import Checkout, errors
from tests.setup.states import URN, StateFolder, creating

SCRIPT = "tools/local_state.py"
DEPLOYED = {"resources": [{"urn": URN}]}


@pytest.fixture
def folder(checkout: Checkout) -> StateFolder:
    """The local stack's backend."""
    return StateFolder.local(checkout)


def _ask(checkout: Checkout, question: str) -> int:
    """The script's exit code: 0 is yes, 1 is no."""
    return checkout.run(sys.executable, SCRIPT, question).returncode


@pytest.mark.parametrize("question", ["exists", "has-resources"])
def test_without_a_state_every_answer_is_no(checkout: Checkout, question: str) -> None:
    """This is so before the first deployment."""
    assert _ask(checkout, question) == 1


@pytest.mark.parametrize(
    ("latest", "answer"),
    [
        (None, 1),
        ({"manifest": {}}, 1),
        (DEPLOYED, 0),
        ({"pending_operations": [creating(URN)]}, 0),
        ({"pending_operations": [{"resource": {}, "type": "deleting"}]}, 1),
    ],
)
@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_resources_are_read_from_the_last_snapshot(
    checkout: Checkout, folder: StateFolder, latest: dict[str, Any] | None, answer: int, suffix: str
) -> None:
    """Resources and interrupted creations count, in a compressed snapshot too."""
    folder.write(latest, suffix=suffix)
    assert _ask(checkout, "has-resources") == answer
    assert _ask(checkout, "exists") == 0


@pytest.mark.parametrize(("newer", "older"), [("", ".gz"), (".gz", "")])
def test_of_two_snapshots_the_newer_counts(checkout: Checkout, folder: StateFolder, newer: str, older: str) -> None:
    """So it does for the engine, if PULUMI_SELF_MANAGED_STATE_GZIP was set or unset later."""
    os.utime(folder.write(None, suffix=older), (1, 1))
    folder.write(DEPLOYED, suffix=newer)
    assert _ask(checkout, "has-resources") == 0


@pytest.mark.parametrize("content", [b"", b"{", b"{}", b"[]", b'{"checkpoint": null}', b"\x1f\x8b", b"\xff"])
def test_an_invalid_snapshot_is_reported(checkout: Checkout, folder: StateFolder, content: bytes) -> None:
    """One line names the file, and the exit code is neither yes nor no."""
    folder.snapshot().write_bytes(content)
    result = checkout.run(sys.executable, SCRIPT, "has-resources")
    assert result.returncode == 3
    assert len(result.stderr.splitlines()) == 1
    [error] = errors(result)
    assert str(folder.snapshot()) in error


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_the_backup_counts_if_the_snapshot_is_empty(checkout: Checkout, folder: StateFolder, suffix: str) -> None:
    """The recovery restores the backup, so its resources must still be destroyed."""
    folder.write(DEPLOYED, suffix=f"{suffix}.bak")
    folder.snapshot(suffix=suffix).write_bytes(b"")
    assert _ask(checkout, "has-resources") == 0


@pytest.mark.parametrize("arguments", [(), ("what",), ("exists", "has-resources")])
def test_wrong_usage_exits_with_2(checkout: Checkout, arguments: tuple[str, ...]) -> None:
    """Anything but one known question prints the usage."""
    result = checkout.run(sys.executable, SCRIPT, *arguments)
    assert result.returncode == 2
    assert "Usage:" in result.stderr
