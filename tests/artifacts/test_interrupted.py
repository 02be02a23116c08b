"""A process that is gone after any call: nothing looks whole that is not, and the next try goes on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from gcp import errors
from tests.artifacts.conftest import PREFIX, WHOLE, Shared, Stack
from tests.artifacts.stepping import Killed, killed_after, refused_after, stepping
from tests.providers import as_engine
from tests.running import RunningEmulator

MOST_CALLS = 20
"""More than any verb makes here."""


def _plain(shared: Shared) -> Stack:
    return shared.stack("one")


def _copied(shared: Shared) -> Stack:
    """Of an artifact that comes from another bucket, by server-side copies alone."""
    other = Shared(shared.emulator, f"{shared.project}-from", shared.folder.parent / "from")
    other.stack("gate").create()
    return shared.stack("one", source="not/here", artifactSource=other.bucket)


def _resumed(shared: Shared) -> Stack:
    """Of an artifact of which a broken-off upload left one file."""
    shared.stack("broken off").create()
    for name in [name for name in shared.names() if not name.endswith("notes.txt")]:
        shared.remove(name)
    return shared.stack("one")


def _used(shared: Shared) -> Stack:
    """Of an artifact that another stack uses."""
    shared.stack("other").create()
    return shared.stack("one")


WAYS = [_plain, _copied, _resumed, _used]


def _is_consistent(shared: Shared, stack: Stack) -> None:
    """Where there is a manifest, there is all that it promises."""
    refreshed, files = stack.refreshed(), shared.files()
    if "manifest.json" in files:
        assert refreshed["files"] == stack.inputs["files"]
    elif refreshed:
        assert set(stack.missing()) == WHOLE - files
    else:
        assert not files


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("verb", ["create", "delete"])
def test_a_verb_that_is_killed_is_gone_on_with(
    way: Callable[[Shared], Stack], verb: str, emulator: RunningEmulator, project: str, tmp_path: Path
) -> None:
    """After each of its calls in turn; the other stack, where there is one, has its artifact at every moment."""
    for calls in range(MOST_CALLS):
        shared = Shared(emulator, f"{project}-{calls}", tmp_path / str(calls))
        stack = way(shared)
        if verb == "delete":
            stack.create()
        with stepping(stack.provider, killed_after(calls)):
            killed = _is_killed(stack, verb)
        _is_consistent(shared, stack)
        if way is _used:
            assert shared.stack("other").is_served()

        getattr(stack, verb)()

        assert stack.is_served() is (verb == "create")
        assert shared.files() == (WHOLE if verb == "create" or way is _used else set())
        assert shared.claims() == (verb == "create") + (way is _used)
        if not killed:
            assert calls > 1
            return
    raise AssertionError(f"{verb} makes more than {MOST_CALLS} calls")


def _is_killed(stack: Stack, verb: str) -> bool:
    try:
        getattr(stack, verb)()
    except Killed:
        return True
    return False


def test_what_was_left_half_is_not_sent_again(shared: Shared) -> None:
    """The file that is there is taken over by a copy onto itself; only the one that lacks is sent."""
    stack = _resumed(shared)
    generation = _generation(shared, "notes.txt")
    shared.emulator.reset_calls()

    stack.create()

    calls = shared.emulator.calls()
    assert (calls["storage.objects.rewrite"], calls["storage.objects.insert"]) == (1, 3), "claim, graph, manifest"
    assert _generation(shared, "notes.txt") != generation
    assert stack.is_served()


def _generation(shared: Shared, name: str) -> str:
    found = shared.emulator.storage().objects().get(bucket=shared.bucket, object=f"{PREFIX}/{name}").execute()
    return str(found["generation"])


def test_what_a_refused_delete_left_is_not_forgotten(shared: Shared) -> None:
    """Claim and manifest are gone, the rest is refused: refresh keeps it, and it is deleted, or put back, at last."""
    stack = shared.stack("one")
    stack.create()
    with stepping(stack.provider, refused_after(6)), pytest.raises(errors.PermissionDenied):
        stack.delete()
    assert (shared.claims(), shared.files()) == (0, WHOLE - {"manifest.json"})

    outs = as_engine(stack.ask("read", "", dict(stack.inputs)).outs)
    assert outs["missing"] == ["manifest.json"]
    assert stack.provider.diff("", outs, stack.inputs).changes
    updated = stack.ask("update", "", outs, dict(stack.inputs))
    assert stack.is_served()
    assert not stack.provider.diff("", as_engine(updated.outs), stack.inputs).changes

    shared.remove(f"{PREFIX}/manifest.json")
    stack.ask("delete", "", as_engine(stack.ask("read", "", dict(stack.inputs)).outs))
    assert shared.names() == set()
