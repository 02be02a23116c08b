"""A refresh while an operation of somebody else is under way: it waits for the end, and tells that."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from pulumi import dynamic

from resources.engine.provider import Provider
from tests.emulator.ml.caller import until
from tests.kinds.ml.version import VERSION
from tests.kinds.world import World
from tests.providers import State, as_engine
from tests.running import RunningEmulator

pytestmark = pytest.mark.tensorflow
VERSIONS = "ml.projects.models.versions"


class Watched:
    """A version that is READY, and what a refresh makes of it while somebody else's operation does not end."""

    def __init__(self, world: World) -> None:
        self.emulator = world.emulator
        self.provider: Provider = world.provider(VERSION.provider)
        created = self.provider.create(as_engine(VERSION.declare(world, {"description": "ours"})))
        self.name, self.state = created.id, as_engine(created.outs or {})
        self.versions = world.emulator.ml().projects().models().versions()

    def begin(self, method: str, **arguments: Any) -> None:
        """Begins an operation that does not end."""
        self.emulator.faults({"method": f"{VERSIONS}.{method}", "operation": "never"})
        getattr(self.versions, method)(name=self.name, **arguments).execute()

    def refreshed(self) -> dynamic.ReadResult:
        """What the refresh reads; the operation ends once it was seen to wait."""
        before = self._looks()
        with ThreadPoolExecutor(1) as pool:
            read = pool.submit(self._read)
            until(lambda: self._looks() >= before + 2, "a second look")
            assert not read.done()
            self.emulator.faults()
            return read.result(60)

    def _read(self) -> dynamic.ReadResult:
        try:
            return self.provider.read(self.name, self.state)
        finally:
            self.provider.api.http().close()  # this thread's

    def _looks(self) -> int:
        return self.emulator.calls().get(f"{VERSIONS}.get", 0)


@pytest.fixture
def watched(emulator: RunningEmulator, project: str, tmp_path: Path) -> Iterator[Watched]:
    """Nothing hangs any more after the test."""
    yield Watched(World(emulator, project, tmp_path))
    emulator.faults()


def test_a_version_that_is_being_deleted_is_gone(watched: Watched) -> None:
    """It does not count as existing: the next `up` creates it again."""
    watched.begin("delete")

    assert watched.refreshed().id == ""


def test_a_version_that_is_being_changed_has_the_change(watched: Watched) -> None:
    """It is read as it is at the end, not as it was."""
    watched.begin("patch", updateMask="description", body={"description": "somebody else's"})

    found: State = watched.refreshed().outs or {}

    assert (found["description"], found["state"]) == ("somebody else's", "READY")
