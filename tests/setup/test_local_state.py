"""What tools/local_state.py reads from the state that the engine keeps."""

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
    """The script's exit code."""
    return checkout.run(sys.executable, SCRIPT, question).returncode


@pytest.mark.parametrize("question", ["exists", "has-resources"])
def test_no_state(checkout: Checkout, question: str) -> None:
    """Where nothing was ever deployed, every answer is no."""
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
def test_resources(
    checkout: Checkout, folder: StateFolder, latest: dict[str, Any] | None, answer: int, suffix: str
) -> None:
    """Resources, and creates that were cut off, are read from the last snapshot, compressed or not."""
    folder.write(latest, suffix=suffix)
    assert _ask(checkout, "has-resources") == answer
    assert _ask(checkout, "exists") == 0


@pytest.mark.parametrize(("newer", "older"), [("", ".gz"), (".gz", "")])
def test_of_two_snapshots_the_newer_counts(checkout: Checkout, folder: StateFolder, newer: str, older: str) -> None:
    """As for the engine, where PULUMI_SELF_MANAGED_STATE_GZIP was set or unset later."""
    os.utime(folder.write(None, suffix=older), (1, 1))
    folder.write(DEPLOYED, suffix=newer)
    assert _ask(checkout, "has-resources") == 0


@pytest.mark.parametrize("content", [b"", b"{", b"{}", b"[]", b'{"checkpoint": null}', b"\x1f\x8b", b"\xff"])
def test_what_is_no_snapshot_is_told(checkout: Checkout, folder: StateFolder, content: bytes) -> None:
    """One line with the file, and an exit code that is neither yes nor no."""
    folder.snapshot().write_bytes(content)
    result = checkout.run(sys.executable, SCRIPT, "has-resources")
    assert result.returncode == 3
    assert len(result.stderr.splitlines()) == 1
    [error] = errors(result)
    assert str(folder.snapshot()) in error


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_a_cut_snapshot_counts_as_the_one_before(checkout: Checkout, folder: StateFolder, suffix: str) -> None:
    """The recovery puts that back, so that what it lists is to be destroyed."""
    folder.write(DEPLOYED, suffix=f"{suffix}.bak")
    folder.snapshot(suffix=suffix).write_bytes(b"")
    assert _ask(checkout, "has-resources") == 0


@pytest.mark.parametrize("arguments", [(), ("what",), ("exists", "has-resources")])
def test_usage(checkout: Checkout, arguments: tuple[str, ...]) -> None:
    """Anything but one known question prints the usage and exits with 2."""
    result = checkout.run(sys.executable, SCRIPT, *arguments)
    assert result.returncode == 2
    assert "Usage:" in result.stderr
