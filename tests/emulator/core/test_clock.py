"""A machine's clock that is set while the emulator runs, or while it does not."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from emulator.app import Emulator
from emulator.core.clock import Clock
from emulator.rest.dispatcher import Dispatcher
from emulator.rest.http_call import Call
from emulator.settings import Settings

HOURS = timedelta(hours=3)
PARENT = "/v1/projects/p-one/models"


class Machine:
    """A machine whose clock is set by hand.

    Attributes:
        date: what it shows.
        seconds: what has passed.
    """

    def __init__(self) -> None:
        self.date, self.seconds = datetime(2026, 5, 6, tzinfo=timezone.utc), 100.0

    def clock(self) -> Clock:
        """The emulator's clock on it."""
        return Clock(date=lambda: self.date, seconds=lambda: self.seconds)


async def call(app: Dispatcher, verb: str, path: str, body: Any = None) -> dict[str, Any]:
    """One call of the API; its answer must be good."""
    pieces = [b"" if body is None else json.dumps(body).encode()]

    async def receive() -> bytes | None:
        return pieces.pop() if pieces else None

    path, _, query = path.partition("?")
    headers = {"host": "127.0.0.1"}
    response = await app.respond(Call(verb=verb, raw_path=path, query=query, headers=headers, receive=receive))
    assert response.status == 200, response.body
    assert isinstance(response.body, dict)
    return response.body


async def patched(app: Dispatcher, text: str) -> dict[str, Any]:
    """An operation that has ended, of the latest of which only one is kept."""
    begun = await call(app, "PATCH", f"{PARENT}/m?updateMask=description", {"description": text})
    while True:
        operation = await call(app, "GET", f"/v1/{begun['name']}")
        if operation.get("done"):
            return operation
        await asyncio.sleep(0)


def run(data: Path, machine: Machine, work: Callable[[Dispatcher], Any]) -> Any:
    """What `work` gives, on an emulator that runs for it."""

    async def whole() -> Any:
        settings = Settings(keep_operations=1, operation_seconds=0.05, sandbox="off")
        emulator = Emulator(data, settings, machine.clock())
        await emulator.start()
        try:
            return await work(emulator.dispatcher)
        finally:
            await emulator.stop()

    return asyncio.run(asyncio.wait_for(whole(), 60))


def test_time_goes_on_where_the_clock_is_set_back() -> None:
    """It follows the clock forward; set back, it goes on by what passes."""
    machine = Machine()
    clock, start = machine.clock(), machine.date
    found = []
    for date, seconds in ((start + HOURS, 1.0), (start, 2.0), (start - HOURS, 3.0), (start + 2 * HOURS, 4.0)):
        machine.date, machine.seconds = date, machine.seconds + seconds
        found.append(clock.now() - start)

    assert found == [HOURS, HOURS + timedelta(seconds=2), HOURS + timedelta(seconds=5), 2 * HOURS]


def test_operations_end_in_order_whatever_the_clock_shows(tmp_path: Path) -> None:
    """Set back, an operation takes as long as it takes, and is found, though earlier ones bear later dates."""
    machine = Machine()

    async def forth_and_back(app: Dispatcher) -> list[dict[str, Any]]:
        await call(app, "POST", PARENT, {"name": "m"})
        operations = []
        for jump in (HOURS, -HOURS, -HOURS, 2 * HOURS):
            machine.date += jump
            operations.append(await patched(app, str(jump)))
        return operations

    async def once(app: Dispatcher) -> dict[str, Any]:
        return await patched(app, "again")

    operations = run(tmp_path, machine, forth_and_back)
    machine.date -= 4 * HOURS
    operations.append(run(tmp_path, machine, once))

    ends = [operation["metadata"]["endTime"] for operation in operations]
    assert ends == sorted(ends)
    for operation in operations:
        assert operation["metadata"]["endTime"] >= operation["metadata"]["createTime"]


def test_a_bucket_is_not_changed_before_it_was_made(tmp_path: Path) -> None:
    """One that is changed after the clock was set back was not changed before it was made."""
    machine = Machine()

    async def changed(app: Dispatcher) -> dict[str, Any]:
        await call(app, "POST", "/storage/v1/b?project=p-one", {"name": "a-bucket"})
        machine.date -= HOURS
        return await call(app, "PATCH", "/storage/v1/b/a-bucket", {"labels": {"a": "b"}})

    bucket = run(tmp_path, machine, changed)

    assert bucket["updated"] >= bucket["timeCreated"]
    assert (bucket["metageneration"], bucket["labels"]) == ("2", {"a": "b"})
