"""The first request to a version without a node, compared with the next request.

A version on an mls1 machine is idle until `/-/status` says that it has no node. Then come one request, for which the
emulator starts a node that loads the model, and one that uses this node, both on an open connection. The
figure is the median, over the pairs, of the difference.
"""

from __future__ import annotations

import http.client
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

from benchmarks.figures import BenchmarkError, Figure, Pairs
from benchmarks.servers import multiplier_model
from benchmarks.servers.emulator import Emulator
from benchmarks.servers.served_versions import Served
from benchmarks.workspace import World

PAIRS = 20
BOUND = 0.2
_IDLE = 0.1
_PATIENCE = 60.0


def figures(world: World) -> Iterator[Figure]:
    """The difference."""
    world.say("cold: exporting a SavedModel, deploying it")
    emulator = Emulator(world, "--idle-seconds", str(_IDLE))
    connection = http.client.HTTPConnection(urlsplit(emulator.endpoint).netloc, timeout=_PATIENCE)
    served = Served(world, emulator, multiplier_model.exported(world))
    served.deploy({"v1": {"machineType": "mls1-c1-m2", "autoScaling": {"minNodes": 0}}}, "v1")
    path = urlsplit(served.url()).path
    measured = []
    for number in range(PAIRS):
        world.say(f"cold: {number} of {PAIRS} pairs")
        _wait_for_no_node(emulator)
        measured.append((_ask(connection, path), _ask(connection, path)))
    connection.close()
    above = Pairs([cold - warm for cold, warm in measured])
    warm = Pairs([warm for _, warm in measured]).median
    yield Figure(
        what="prediction by a version without a node, minus one with a node",
        measured=above.median,
        bound=BOUND,
        unit="s",
        spread=f"{above.spread}; with a node {warm * 1e3:.1f} ms",
    )


def _wait_for_no_node(emulator: Emulator) -> None:
    end = time.monotonic() + _PATIENCE
    while any(version["nodes"] for version in emulator.status()["versions"]):
        if time.monotonic() > end:
            raise BenchmarkError(f"the version still has a node after {_PATIENCE:g} s without a request")
        time.sleep(0.05)


def _ask(connection: http.client.HTTPConnection, path: str) -> float:
    """Seconds from the request to the last byte of its response."""
    begin = time.perf_counter()
    connection.request("POST", path, b'{"instances": [1.0]}', {"content-type": "application/json"})
    answer = connection.getresponse()
    text = answer.read()
    seconds = time.perf_counter() - begin
    if text != b'{"predictions":[{"y":2.0}]}':
        raise BenchmarkError(f"the prediction was refused: {answer.status} {text.decode(errors='replace')}")
    return seconds
