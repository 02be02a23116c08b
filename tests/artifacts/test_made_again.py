"""`pulumi state taint` and `--target-replace`: the engine deletes first, and the objects may be the only copy."""

from __future__ import annotations

import shutil
from typing import Any

import pytest

from tests.artifacts.conftest import PREFIX, WHOLE, Shared, Stack
from tests.artifacts.stepping import Killed, killed_after, stepping


def declared(stack: Stack, **more: Any) -> None:
    """The program declares it in this run: the engine asks for a check before it deletes."""
    stack.ask("check", dict(stack.inputs), {**stack.inputs, **more})


def test_the_only_copy_is_not_deleted_to_be_made_again(shared: Shared) -> None:
    """No byte of it is on this machine, as in CI: it is found where it was, checked, and not sent."""
    stack = shared.stack("one")
    stack.create()
    shutil.rmtree(shared.folder)
    declared(stack)

    stack.delete()
    assert (shared.claims(), shared.files()) == (1, WHOLE)
    stack.create()

    assert stack.is_served()


def test_what_was_altered_is_mended_when_it_is_made_again(shared: Shared) -> None:
    """An object that is gone, and one that holds other bytes, are sent; so taint and `up` verify an artifact."""
    stack = shared.stack("one")
    stack.create()
    shared.remove(f"{PREFIX}/saved_model.pb")
    shared.write(f"{PREFIX}/notes.txt", b"other")
    declared(stack)

    stack.delete()
    stack.create()

    assert stack.is_served()


def test_a_stack_with_another_identity_hands_its_claim_over(shared: Shared) -> None:
    """The identity is made again with it: the new claim is there before the old one goes."""
    stack = shared.stack("one")
    stack.create()
    declared(stack, owner="another")
    for calls in range(2):
        with stepping(stack.provider, killed_after(calls)), pytest.raises(Killed):
            stack.delete()
        assert shared.claims() == 1 + calls

    stack.delete()
    stack.inputs["owner"] = "another"
    stack.create()

    assert shared.claims() == 1
    assert stack.is_served()


def test_the_bytes_under_a_prefix_that_was_left_go(shared: Shared) -> None:
    """What is declared under the same logical name lies elsewhere now."""
    stack = shared.stack("one")
    stack.create()
    declared(stack, prefix="multiplier/two")

    stack.delete()

    assert shared.names() == set()
