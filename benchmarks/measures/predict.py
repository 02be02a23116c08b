"""A prediction over HTTP from one client, compared with a prediction in a process that has the model.

One Fashion-MNIST image: the difference to the direct call of the signature. 200 images in one request: the ratio to
the direct call with the body parsed and the response written by orjson.

The direct side is a new process (`workers.direct`) that loads the same SavedModel with as many TensorFlow threads
as a node of the emulator has. The HTTP side posts the body to a version with one node, over one open connection.
Blocks of calls alternate; the figure is the median, over the pairs of blocks, of the difference or the ratio of their
p50.
"""

from __future__ import annotations

import http.client
import inspect
import statistics
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.figures import BenchmarkError, Figure, Pairs, alternate
from benchmarks.servers import served_versions
from benchmarks.servers.emulator import Emulator
from benchmarks.servers.served_versions import ONE_NODE, Served
from benchmarks.workers.timed_process import TimedProcess
from benchmarks.workspace import World
from emulator.serving import Serving

BLOCKS = 10
CALLS = 200
IMAGES = 200
LARGE_CALLS = 20
ABOVE = 1.0
RATIO = 1.1


def figures(world: World) -> Iterator[Figure]:
    """The difference, and the ratio."""
    world.say("predict: the model, and a version of it")
    saved_model = served_versions.fashion_mnist(world)
    ours = Served(world, Emulator(world), saved_model)
    ours.deploy({"v1": ONE_NODE}, "v1")
    yield _one(_measured(world, ours.url(), saved_model, 1))
    yield _many(_measured(world, ours.url(), saved_model, IMAGES))


def _measured(world: World, url: str, saved_model: Path, count: int) -> list[tuple[float, float]]:
    """Pairs of p50 in milliseconds, one for each pair of blocks: over HTTP, and direct."""
    body = served_versions.images(world, count)
    world.say("predict: loading the model directly")
    calls, way = (CALLS, "call") if count == 1 else (LARGE_CALLS, "whole")
    threads = inspect.signature(Serving).parameters["threads"].default
    online = _Online(url, body, calls)
    process = TimedProcess(world, "benchmarks.workers.direct", str(saved_model), str(threads), str(body))
    direct = partial(process.run, f"{way} {calls}")
    online.block()
    direct()
    measured = []
    for above, below in alternate(BLOCKS, online.block, direct):
        measured.append((above, below))
        world.say(f"predict: {len(measured)} of {BLOCKS} pairs of {calls} calls")
    online.close()
    return measured


def _one(measured: list[tuple[float, float]]) -> Figure:
    above = Pairs([online - direct for online, direct in measured])
    p50 = [Pairs(side).median for side in zip(*measured, strict=True)]
    return Figure(
        what="prediction over HTTP: p50 minus that of the direct call",
        measured=above.median,
        bound=ABOVE,
        unit="ms",
        spread=f"{above.spread}; {p50[0]:.2f} ms over {p50[1]:.2f} ms",
    )


def _many(measured: list[tuple[float, float]]) -> Figure:
    ratios = Pairs([online / direct for online, direct in measured])
    p50 = [Pairs(side).median for side in zip(*measured, strict=True)]
    return Figure(
        what=f"prediction of {IMAGES} images over HTTP, compared with the direct call with orjson",
        measured=ratios.median,
        bound=RATIO,
        spread=f"{ratios.spread}; {p50[0]:.1f} ms to {p50[1]:.1f} ms",
    )


class _Online:
    """A client of a version, with one connection."""

    def __init__(self, url: str, body: Path, calls: int) -> None:
        parts = urlsplit(url)
        self._connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
        self._path, self._body, self._calls = parts.path, body.read_bytes(), calls

    def block(self) -> float:
        """Makes a block of calls; returns their p50 in milliseconds."""
        return statistics.median(self._call() for _ in range(self._calls))

    def close(self) -> None:
        """Closes the connection."""
        self._connection.close()

    def _call(self) -> float:
        begin = time.perf_counter()
        self._connection.request("POST", self._path, self._body, {"content-type": "application/json"})
        answer = self._connection.getresponse()
        text = answer.read()
        milliseconds = (time.perf_counter() - begin) * 1e3
        if answer.status != http.HTTPStatus.OK or text.startswith(b'{"error"'):
            raise BenchmarkError(f"the prediction was refused: {answer.status} {text.decode(errors='replace')}")
        return milliseconds
