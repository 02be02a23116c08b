"""Predictions for 32 clients: requests per second, compared with other servers and the floor of HTTP and JSON.

All serve the same Fashion-MNIST SavedModel and get the same body, one image of 6 KB. Ours is a version with one node;
a second emulator serves a copy with warm-up requests. The floor is our own front, answering a constant once orjson
has parsed the body (`servers.http_floor`). The clients are one process (`workers.load`) that costs little. In each
round every server is asked for some seconds, in an order that turns; the figures are the medians, over the rounds, of
the ratios within a round.

A server that cannot be installed or started is reported at the end; the others are still measured.
"""

from __future__ import annotations

import statistics
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.figures import BenchmarkError, Figure, Pairs
from benchmarks.servers import model_servers, served_versions, warm_up_copy
from benchmarks.servers.emulator import PREFIX, Emulator
from benchmarks.servers.model_servers import Peer
from benchmarks.servers.served_versions import ONE_NODE, Served
from benchmarks.workers.load import Clients, Load
from benchmarks.workspace import World

Start = Callable[[World, Path], Peer]

ROUNDS = 7
SECONDS = 3.0
CLIENTS = 32
TO_MLFLOW = 20.0
TO_BENTOML = 12.0
OF_FLOOR = 0.6
TAIL = 4.0
OF_OURS = 0.95
_OURS, _WARM, _FLOOR = "ours", "ours with warm-up requests", "the floor of HTTP and JSON"


def figures(world: World) -> Iterator[Figure]:
    """The ratios, and the tail of our times. Raises `BenchmarkError` at the end if a server is missing."""
    world.say("serve: the model, and a version of it")
    saved_model, body = served_versions.fashion_mnist(world), served_versions.images(world, 1)
    ours = Served(world, Emulator(world), saved_model)
    ours.deploy({"v1": ONE_NODE}, "v1")
    warm = Served(world, Emulator(world), warm_up_copy.copy(world, saved_model))
    warm.deploy({"v1": ONE_NODE}, "v1")
    urls = {_OURS: ours.url(), _WARM: warm.url()}
    urls[_FLOOR] = _floor(world, _answer(ours.url(), body))
    missing: list[str] = []
    bounds: dict[str, float] = {}
    for start, bound in ((model_servers.mlflow, TO_MLFLOW), (model_servers.bentoml, TO_BENTOML)):
        if peer := _started(start, world, saved_model, missing):
            urls[peer.name], bounds[peer.name] = peer.url, bound
    loads = _rounds(world, urls, body)
    for name, bound in bounds.items():
        yield _ratio(loads, name, bound)
    yield _ratio(loads, _FLOOR, OF_FLOOR)
    yield _ratio(loads, _OURS, OF_OURS, of=_WARM)
    yield _tail(loads[_OURS])
    if missing:
        raise BenchmarkError("; ".join(missing))


def _started(start: Start, world: World, saved_model: Path, missing: list[str]) -> Peer | None:
    """A running peer; None if it cannot start, with the error added to `missing`."""
    try:
        return start(world, saved_model)
    except BenchmarkError as error:
        missing.append(str(error))
        return None


def _rounds(world: World, urls: dict[str, str], body: Path) -> dict[str, list[Load]]:
    """Server -> its load in each round."""
    clients = Clients(world)
    loads: dict[str, list[Load]] = {name: [] for name in urls}
    for name, url in urls.items():  # warm-up, in which a peer may refuse requests
        clients.begin(url, body, clients=CLIENTS, seconds=SECONDS)
        if clients.result().errors and name in (_OURS, _WARM, _FLOOR):
            raise BenchmarkError(f"{name} failed")
    order = list(urls)
    for number in range(ROUNDS):
        world.say(f"serve: {number} of {ROUNDS} rounds of {len(urls)} servers")
        for name in order:
            loads[name].append(clients.run(urls[name], body, clients=CLIENTS, seconds=SECONDS))
        order = [*order[1:], order[0]]
    clients.end()
    return loads


def _ratio(loads: dict[str, list[Load]], other: str, bound: float, of: str = _OURS) -> Figure:
    ratios = Pairs([mine.rate / its.rate for mine, its in zip(loads[of], loads[other], strict=True)])
    rates = [statistics.median(load.rate for load in loads[name]) for name in (of, other)]
    rate = "requests per second" if of == _OURS else f"requests per second of {of}"
    return Figure(
        what=f"predict by {CLIENTS} clients: {rate}, compared with {other}",
        measured=ratios.median,
        bound=bound,
        at_least=True,
        spread=f"{ratios.spread}; {rates[0]:.0f}/s to {rates[1]:.0f}/s",
    )


def _tail(loads: list[Load]) -> Figure:
    tails = Pairs([load.p99 / load.p50 for load in loads])
    p50 = statistics.median(load.p50 for load in loads)
    return Figure(
        what=f"predict by {CLIENTS} clients: p99 divided by p50",
        measured=tails.median,
        bound=TAIL,
        spread=f"{tails.spread}; p50 {p50:.1f} ms",
    )


def _answer(url: str, body: Path) -> bytes:
    """The response to a body."""
    request = urllib.request.Request(url, body.read_bytes(), {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        content: bytes = answer.read()
    return content


def _floor(world: World, answer: bytes) -> str:
    """Starts the floor's server; returns its URL."""
    file = world.folder("floor") / "answer"
    file.write_bytes(answer)
    process = world.start([sys.executable, "-m", "benchmarks.servers.http_floor", str(file)])
    assert process.stdout is not None
    line = process.stdout.readline().strip()
    if not line.startswith(PREFIX):
        raise BenchmarkError(f"the floor did not start:\n{world.logged_errors()}")
    return f"{line.removeprefix(PREFIX)}/"
