"""What a prediction costs over HTTP: one Fashion-MNIST image from one client, above the direct call of the signature.

The direct side is a fresh process (`benchmarks.direct`) that loads the same SavedModel with as many TensorFlow threads
as a node of the emulator has, and calls the signature with a tensor. The HTTP side posts the image as JSON to the
`:predict` of the local stack, over one connection that is kept. Blocks of calls take turns; the figure is the median,
over the pairs of blocks, of the difference of their p50.
"""

from __future__ import annotations

import http.client
import inspect
import json
import statistics
import sys
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import models
from benchmarks.figures import BenchmarkError, Figure, Pairs, alternate
from benchmarks.stack import local
from benchmarks.world import ROOT, World
from emulator.serving import Serving

MODEL = "fashion_mnist"
BLOCKS = 10
CALLS = 200
BOUND = 2.0


def figures(world: World) -> Iterator[Figure]:
    """The difference."""
    url = local(world).engine.outputs()["models"][MODEL]["predictUrl"]
    artifact = models.resolve(MODEL, root=ROOT, allow_rebuild=True)
    instance = artifact.samples[0]["instance"]
    world.say("predict: loading the model directly")
    direct, online = _Direct(world, str(artifact.folder), instance), _Online(url, instance)
    online.block()
    direct.block()
    measured = []
    for above, below in alternate(BLOCKS, online.block, direct.block):
        measured.append((above, below))
        world.say(f"predict: {len(measured)} of {BLOCKS} pairs of {CALLS} calls")
    online.close()
    extra = Pairs([above - below for above, below in measured])
    p50 = [Pairs(side).median for side in zip(*measured, strict=True)]
    yield Figure(
        what="prediction over HTTP, p50 above the direct call",
        measured=extra.median,
        bound=BOUND,
        unit="ms",
        spread=f"{extra.spread}; {p50[0]:.2f} ms over {p50[1]:.2f} ms",
    )


class _Online:
    """A client of the model's `:predict`, with one connection."""

    def __init__(self, url: str, instance: Any) -> None:
        parts = urlsplit(url)
        self._connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
        self._path, self._body = parts.path, json.dumps({"instances": [instance]}).encode()

    def block(self) -> float:
        """The p50 of a block of calls, in milliseconds."""
        return statistics.median(self._call() for _ in range(CALLS))

    def close(self) -> None:
        """Ends the connection."""
        self._connection.close()

    def _call(self) -> float:
        begin = time.perf_counter()
        self._connection.request("POST", self._path, self._body, {"content-type": "application/json"})
        answer = self._connection.getresponse()
        text = answer.read()
        milliseconds = (time.perf_counter() - begin) * 1e3
        if answer.status != http.HTTPStatus.OK:
            raise BenchmarkError(f"the prediction was refused: {answer.status} {text.decode(errors='replace')}")
        return milliseconds


class _Direct:
    """A process that holds the model and times calls of it."""

    def __init__(self, world: World, folder: str, instance: Any) -> None:
        threads = inspect.signature(Serving).parameters["threads"].default
        command = [sys.executable, "-m", "benchmarks.direct", folder, str(threads)]
        self._world, self._process = world, world.start(command)
        self._ask(json.dumps(instance))

    def block(self) -> float:
        """The p50 of a block of calls, in milliseconds."""
        return float(self._ask(str(CALLS)))

    def _ask(self, line: str) -> str:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(line, file=self._process.stdin, flush=True)
        answer = self._process.stdout.readline()
        if not answer:
            raise BenchmarkError(f"the model could not be called directly:\n{self._world.complaints()}")
        return answer
