"""A process that ends after any call: no partial artifact looks complete, and the next try continues."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from gcp import errors
from tests.artifacts.conftest import ALL_FILES, PREFIX, Shared, Stack
from tests.artifacts.intercepted_calls import Killed, denied_after, intercepting, killed_after
from tests.providers import as_engine
from tests.running import RunningEmulator

MOST_CALLS = 20
"""More than any operation here makes."""


def _new(shared: Shared) -> Stack:
    return shared.stack("one")


def _copied(shared: Shared) -> Stack:
    """A stack whose artifact comes from another bucket, only by server-side copies."""
    other = Shared(shared.emulator, f"{shared.project}-from", shared.folder.parent / "from")
    other.stack("gate").create()
    return shared.stack("one", source="not/here", artifactSource=other.bucket)


def _resumed(shared: Shared) -> Stack:
    """A stack whose artifact has one file from an interrupted upload."""
    shared.stack("interrupted").create()
    for name in [name for name in shared.names() if not name.endswith("notes.txt")]:
        shared.remove(name)
    return shared.stack("one")


def _used(shared: Shared) -> Stack:
    """A stack whose artifact another stack uses too."""
    shared.stack("other").create()
    return shared.stack("one")


WAYS = [_new, _copied, _resumed, _used]


def _assert_consistent(shared: Shared, stack: Stack) -> None:
    """Asserts that a manifest exists only with all its files."""
    refreshed, files = stack.read_inputs(), shared.files()
    if "manifest.json" in files:
        assert refreshed["files"] == stack.inputs["files"]
    elif refreshed:
        assert set(stack.missing()) == ALL_FILES - files
    else:
        assert not files


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("verb", ["create", "delete"])
def test_a_killed_operation_can_be_repeated(
    way: Callable[[Shared], Stack], verb: str, emulator: RunningEmulator, project: str, tmp_path: Path
) -> None:
    """It is killed after each of its calls in turn; another stack that uses the artifact keeps it all the time."""
    for calls in range(MOST_CALLS):
        shared = Shared(emulator, f"{project}-{calls}", tmp_path / str(calls))
        stack = way(shared)
        if verb == "delete":
            stack.create()
        with intercepting(stack.provider, killed_after(calls)):
            killed = _is_killed(stack, verb)
        _assert_consistent(shared, stack)
        if way is _used:
            assert shared.stack("other").is_complete()

        getattr(stack, verb)()

        assert stack.is_complete() is (verb == "create")
        assert shared.files() == (ALL_FILES if verb == "create" or way is _used else set())
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


def test_files_of_an_interrupted_upload_are_not_sent_again(shared: Shared) -> None:
    """The existing file is taken over by a copy onto itself; only the missing one is uploaded."""
    stack = _resumed(shared)
    generation = _generation(shared, "notes.txt")
    shared.emulator.reset_calls()

    stack.create()

    calls = shared.emulator.calls()
    assert (calls["storage.objects.rewrite"], calls["storage.objects.insert"]) == (1, 3), "claim, graph, manifest"
    assert _generation(shared, "notes.txt") != generation
    assert stack.is_complete()


def _generation(shared: Shared, name: str) -> str:
    found = shared.emulator.storage().objects().get(bucket=shared.bucket, object=f"{PREFIX}/{name}").execute()
    return str(found["generation"])


def test_the_rest_of_a_failed_delete_is_not_forgotten(shared: Shared) -> None:
    """After the claim and the manifest are deleted, refresh keeps the rest, which can be deleted or restored."""
    stack = shared.stack("one")
    stack.create()
    with intercepting(stack.provider, denied_after(6)), pytest.raises(errors.PermissionDenied):
        stack.delete()
    assert (shared.claims(), shared.files()) == (0, ALL_FILES - {"manifest.json"})

    outs = as_engine(stack.call("read", "", dict(stack.inputs)).outs)
    assert outs["missing"] == ["manifest.json"]
    assert stack.provider.diff("", outs, stack.inputs).changes
    updated = stack.call("update", "", outs, dict(stack.inputs))
    assert stack.is_complete()
    assert not stack.provider.diff("", as_engine(updated.outs), stack.inputs).changes

    shared.remove(f"{PREFIX}/manifest.json")
    stack.call("delete", "", as_engine(stack.call("read", "", dict(stack.inputs)).outs))
    assert shared.names() == set()
