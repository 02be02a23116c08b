"""A minute of 64 clients, half using a model's default and half another version, while a third version is created.

A `pulumi up` creates the third version and makes it the default during that minute. No request may fail, and the
processes that serve all the time must not grow: their private memory at the end minus that after a sixth of
the time.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import psutil

from benchmarks.figures import MB, BenchmarkError, Figure
from benchmarks.process_watch import descendants
from benchmarks.servers import served_versions
from benchmarks.servers.emulator import Emulator
from benchmarks.servers.served_versions import ONE_NODE, Served
from benchmarks.workers.load import Clients, Load
from benchmarks.workspace import World

SECONDS = 60.0
CLIENTS = 32
GROWTH = 10.0
_BEGINNING = SECONDS / 6


def figures(world: World) -> Iterator[Figure]:
    """The number of errors, and the growth of memory."""
    world.say("steady: the model, and two versions of it")
    emulator = Emulator(world)
    ours = Served(world, emulator, served_versions.fashion_mnist(world))
    versions = {"v1": ONE_NODE, "v2": ONE_NODE}
    ours.deploy(versions, "v1")
    begin = time.monotonic()
    clients = _begun(world, ours)
    time.sleep(_BEGINNING)
    before = _held(emulator.pid)
    ours.deploy({**versions, "v3": ONE_NODE}, "v3")
    changed = time.monotonic() - begin
    if changed > SECONDS:
        raise BenchmarkError(f"the third version took {changed:.0f} s, longer than the clients ran")
    time.sleep(max(0.0, SECONDS - 1 - (time.monotonic() - begin)))
    after = _held(emulator.pid)
    yield _errors([some.result() for some in clients], changed)
    yield _growth(before, after)


def _begun(world: World, ours: Served) -> list[Clients]:
    """Starts both halves of the clients."""
    clients, body = [Clients(world), Clients(world)], served_versions.images(world, 1)
    for some, url in zip(clients, (ours.url(), ours.url("v2")), strict=True):
        some.begin(url, body, clients=CLIENTS, seconds=SECONDS)
    world.say(f"steady: {SECONDS:g} s of {2 * CLIENTS} clients")
    return clients


def _errors(loads: list[Load], changed: float) -> Figure:
    requests, errors = sum(load.requests for load in loads), sum(load.errors for load in loads)
    first = next((load.first for load in loads if load.errors), "")
    return Figure(
        what=f"{SECONDS:g} s of {2 * CLIENTS} clients while a version becomes the default: errors",
        measured=errors,
        bound=0,
        spread=f"of {requests} requests; the new default after {changed:.0f} s {first}".rstrip(),
        disturbed_by="",
    )


def _growth(before: dict[int, int], after: dict[int, int]) -> Figure:
    lasting = before.keys() & after.keys()
    totals = [sum(held[pid] for pid in lasting) / MB for held in (before, after)]
    return Figure(
        what="the same: growth of the processes' memory",
        measured=totals[1] - totals[0],
        bound=GROWTH,
        unit="MB",
        spread=f"{len(lasting)} processes, {totals[0]:.0f} MB to {totals[1]:.0f} MB",
        disturbed_by="",
    )


def _held(top: int) -> dict[int, int]:
    """Process ID -> private bytes, for a process and all below it."""
    return {pid: psutil.Process(pid).memory_full_info().uss for pid in (top, *descendants(top))}
