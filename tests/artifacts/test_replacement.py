"""`pulumi state taint` and `--target-replace`: the engine deletes first, although the bucket may hold the only copy."""

from __future__ import annotations

import shutil
from typing import Any

import pytest

from tests.artifacts.conftest import ALL_FILES, PREFIX, Shared, Stack
from tests.artifacts.intercepted_calls import Killed, intercepting, killed_after


def check(stack: Stack, **more: Any) -> None:
    """Does what the engine does before a replacement: it calls `check`, since the program declares the resource."""
    stack.call("check", dict(stack.inputs), {**stack.inputs, **more})


def test_a_replacement_does_not_delete_the_only_copy(shared: Shared) -> None:
    """If this machine has no copy, as in CI, the files stay in the bucket, are checked, and are not uploaded."""
    stack = shared.stack("one")
    stack.create()
    shutil.rmtree(shared.folder)
    check(stack)

    stack.delete()
    assert (shared.claims(), shared.files()) == (1, ALL_FILES)
    stack.create()

    assert stack.is_complete()


def test_a_replacement_repairs_altered_files(shared: Shared) -> None:
    """A missing object and one with other bytes are uploaded, so taint and `up` verify an artifact."""
    stack = shared.stack("one")
    stack.create()
    shared.remove(f"{PREFIX}/saved_model.pb")
    shared.write(f"{PREFIX}/notes.txt", b"other")
    check(stack)

    stack.delete()
    stack.create()

    assert stack.is_complete()


def test_a_replacement_with_a_new_identity_moves_the_claim(shared: Shared) -> None:
    """If the identity is replaced too, the new claim exists before the old one is deleted."""
    stack = shared.stack("one")
    stack.create()
    check(stack, owner="another")
    for calls in range(2):
        with intercepting(stack.provider, killed_after(calls)), pytest.raises(Killed):
            stack.delete()
        assert shared.claims() == 1 + calls

    stack.delete()
    stack.inputs["owner"] = "another"
    stack.create()

    assert shared.claims() == 1
    assert stack.is_complete()


def test_the_files_under_an_old_prefix_are_deleted(shared: Shared) -> None:
    """The same logical name is now declared with another prefix."""
    stack = shared.stack("one")
    stack.create()
    check(stack, prefix="multiplier/two")

    stack.delete()

    assert shared.names() == set()
