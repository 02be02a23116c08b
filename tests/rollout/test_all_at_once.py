"""Every kind of change in one `up`, while clients predict: a version goes only when its successor serves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.program.clients import predicting
from tests.program.stacks import Deployment
from tests.running import RunningEmulator

pytestmark = [pytest.mark.engine, pytest.mark.tensorflow]


def _before(stack: Deployment) -> dict[str, Any]:
    return {
        "moved": {
            "defaultVersion": "v1",
            "versions": {"v1": stack.version(2), "v2": stack.version(3), "v3": stack.version(5)},
        },
        "renamed": {"defaultVersion": "old", "versions": {"old": stack.version(7)}},
        "replaced": {"defaultVersion": "v1", "versions": {"v1": stack.version(11), "v2": stack.version(13)}},
        "removed": {"defaultVersion": "v1", "versions": {"v1": stack.version(17)}},
    }


def _after(stack: Deployment) -> dict[str, Any]:
    """The default moved and a version removed; a rename; two allowed replacements; a model removed, another added."""
    scaled = stack.version(5, manualScaling={"nodes": 2}, labels={"team": "a"})
    other = {"machineType": "n1-standard-4", "allowDowntime": True}
    return {
        "moved": {
            "defaultVersion": "v2",
            "versions": {"v2": stack.version(3), "v3": scaled, "v4": stack.version(2)},
        },
        "renamed": {"defaultVersion": "new", "versions": {"new": stack.version(7)}, "labels": {"team": "a"}},
        "replaced": {
            "defaultVersion": "v1",
            "versions": {"v1": stack.version(11, **other), "v2": stack.version(13, **other)},
        },
        "added": {"defaultVersion": "v1", "versions": {"v1": stack.version(19)}},
    }


def test_all_changes_in_one_up_drop_no_request(emulator: RunningEmulator, project: str, tmp_path: Path) -> None:
    """Clients of every default and of the versions that stay get only correct predictions; each call is made once."""
    stack = Deployment(emulator, project, tmp_path)
    stack.declare(_before(stack))
    stack.engine.up()
    defaults = {name: stack.url(name) for name in ("moved", "renamed", "replaced")}
    stack.declare(_after(stack))
    emulator.reset_calls()

    with predicting({**defaults, "v2": stack.url("moved", "v2"), "v3": stack.url("moved", "v3")}) as clients:
        reported = stack.engine.up()

    results = {name: client.results for name, client in clients.items()}
    assert results == {
        "moved": ([2.0, 3.0], []),
        "renamed": ([7.0], []),
        "replaced": ([11.0, 13.0], []),
        "v2": ([3.0], []),
        "v3": ([5.0], []),
    }
    assert stack.served() == {
        "moved": {"v2": "READY*", "v3": "READY", "v4": "READY"},
        "renamed": {"new": "READY*"},
        "replaced": {"v1": "READY*", "v2": "READY"},
        "added": {"v1": "READY*"},
    }
    assert stack.changes() == {
        "create": 1,
        "delete": 1,
        "patch": 1,
        "versions.patch": 1,
        "versions.create": 5,
        "versions.delete": 5,
        "versions.setDefault": 4,  # two moves of the stack file; for the replaced one, away and back
    }
    assert reported == {"created": 6, "updated": 4, "replaced": 3, "deleted": 6, "unchanged": 12}
    assert stack.engine.preview() == {}


@pytest.mark.faults
@pytest.mark.parametrize("options", [["--parallel", "1"], []], ids=["one at a time", "many"])
def test_five_versions_are_replaced_by_five_others_at_once(
    emulator: RunningEmulator, project: str, tmp_path: Path, options: list[str]
) -> None:
    """The default's name is in the middle of the five; at the end all are destroyed."""
    stack = Deployment(emulator, project, tmp_path)

    def declare(names: str, default: str) -> None:
        versions = dict.fromkeys(names, stack.version(2, autoScaling={"minNodes": 1}))
        stack.declare({"many": {"defaultVersion": default, "versions": versions}})

    declare("abcde", "c")
    stack.engine.up(*options)
    assert stack.served() == {"many": {**dict.fromkeys("abcde", "READY"), "c": "READY*"}}

    declare("vwxyz", "x")
    with predicting({"default": stack.url("many")}) as clients:
        stack.engine.up(*options)
    assert clients["default"].results == ([2.0], [])
    assert stack.served() == {"many": {**dict.fromkeys("vwxyz", "READY"), "x": "READY*"}}

    emulator.reset_calls()
    stack.engine.stack("destroy", "--suppress-progress", *options)
    assert stack.changes() == {"delete": 1, "versions.delete": 5}, "the default goes last and has no successor"
    assert (stack.served(), stack.buckets(), stack.engine.resources()) == ({}, [], {})


@pytest.mark.faults
def test_the_default_can_move_many_times(emulator: RunningEmulator, project: str, tmp_path: Path) -> None:
    """Each move is one call, and only the old and the new default ever answer for the model."""
    stack = Deployment(emulator, project, tmp_path)
    versions = {"v1": stack.version(2), "v2": stack.version(3), "v3": stack.version(5)}
    stack.declare({"moved": {"defaultVersion": "v1", "versions": versions}})
    stack.engine.up()

    for version, answers in (("v2", [2.0, 3.0]), ("v3", [3.0, 5.0]), ("v1", [5.0, 2.0]), ("v3", [2.0, 5.0])):
        stack.engine.edit("moved.defaultVersion", version)
        emulator.reset_calls()
        with predicting({"default": stack.url("moved")}) as clients:
            assert stack.engine.up() == {"updated": 1, "unchanged": 10}
        assert clients["default"].results == (answers, [])
        assert stack.changes() == {"versions.setDefault": 1}


@pytest.mark.faults
def test_a_changed_version_without_a_name_gets_a_successor(
    emulator: RunningEmulator, project: str, tmp_path: Path
) -> None:
    """A change that is not possible in place makes a new version, which takes over; the old file undoes it."""
    stack, served = Deployment(emulator, project, tmp_path), list[dict[str, dict[str, str]]]()
    entries = [stack.version(2), stack.version(3, machineType="n1-standard-4"), stack.version(2)]
    for entry in entries:
        stack.declare({"rolling": {"version": entry}})
        if not served:
            stack.engine.up()
        with predicting({"default": stack.url("rolling")}) as clients:
            stack.engine.up()
        served.append(stack.served())
        assert clients["default"].failures == []

    assert served[0] == served[2] != served[1]
    assert [list(found["rolling"].values()) for found in served] == [["READY*"]] * 3
