"""Vertex AI: the figures of its local stack, what the emulator's second API costs, and predictions of an endpoint.

The endpoint splits the requests of 32 clients evenly between two deployed models with one replica each; what it is
compared with is a version of `ml` v1 with one node, on the same emulator. The shares are counted over 10,000 requests
with a split of 70 to 30, by the deployed model that each answer names.
"""

from __future__ import annotations

import http.client
import json
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.figures import Figure, Pairs, alternate
from benchmarks.measures import calls, memory, preview
from benchmarks.measures.vertex import apis, deployments
from benchmarks.pulumi_engine import Engine
from benchmarks.servers import multiplier_model, served_versions, vertex_stack
from benchmarks.servers.emulator import Emulator
from benchmarks.servers.served_versions import ONE_NODE, Served
from benchmarks.workers.load import Clients
from benchmarks.workspace import ROOT, World

STACK = "vertex"
PAIRS = 7
SECONDS = 3.0
CLIENTS = 32
OF_ML = 0.9
REQUESTS = 10_000
WITHIN = 2.0
_CONNECTIONS = 4
_SHARES = {"v1": 70, "v2": 30}
_HEADERS = {"content-type": "application/json"}


def figures(world: World) -> Iterator[Figure]:
    """The figures of the local stack on Vertex AI, the ratio, and how far the shares are from the split."""
    for measure in (preview, calls, memory):
        yield from measure.figures(world, STACK)
    yield from deployments.figures(world)
    yield from apis.figures(world)
    saved_model, body = served_versions.fashion_mnist(world), served_versions.images(world, 1)
    emulator = Emulator(world)
    world.say("vertex: an endpoint with two versions, and a version of ml")
    ml = Served(world, emulator, saved_model)
    ml.deploy({"v1": ONE_NODE}, "v1")
    endpoint = _Endpoint(world, emulator)
    endpoint.deploy("images", saved_model, {"v1": 50, "v2": 50})
    yield _ratio(world, endpoint.url, ml.url(), body)
    world.say("vertex: the shares of two versions")
    endpoint.deploy("numbers", multiplier_model.exported(world), _SHARES)
    yield _shares(endpoint)


class _Endpoint:
    """An endpoint with two versions of one SavedModel."""

    def __init__(self, world: World, emulator: Emulator) -> None:
        self._engine, self._emulator = Engine(world, ROOT), emulator
        self.url, self.ids = "", dict[str, str]()

    def deploy(self, name: str, saved_model: Path, shares: dict[str, int]) -> None:
        """Deploys both as a model of this name, and splits the requests."""
        version = {"artifact": str(saved_model), **ONE_NODE}
        model = {"defaultVersion": "v1", "trafficSplit": shares, "versions": {"v1": version, "v2": version}}
        self._engine.configure(vertex_stack.configuration(self._emulator.endpoint, "bench-vertex", {name: model}))
        self._engine.up("--skip-preview")
        output = self._engine.outputs()["models"][name]
        self.url, self.ids = output["predictUrl"], output["deployedModels"]


def _ratio(world: World, endpoint: str, ml: str, body: Path) -> Figure:
    clients = Clients(world)
    for url in (endpoint, ml):  # warm-up
        clients.run(url, body, clients=CLIENTS, seconds=SECONDS)
    measured = list(
        alternate(
            PAIRS,
            lambda: clients.run(endpoint, body, clients=CLIENTS, seconds=SECONDS).rate,
            lambda: clients.run(ml, body, clients=CLIENTS, seconds=SECONDS).rate,
        )
    )
    clients.end()
    ratios = Pairs([ours / theirs for ours, theirs in measured])
    rates = [Pairs([pair[side] for pair in measured]).median for side in (0, 1)]
    return Figure(
        what=f"predict by {CLIENTS} clients through an endpoint with two deployed models, compared with ml",
        measured=ratios.median,
        bound=OF_ML,
        at_least=True,
        spread=f"{ratios.spread}; {rates[0]:.0f}/s to {rates[1]:.0f}/s",
    )


def _shares(endpoint: _Endpoint) -> Figure:
    with ThreadPoolExecutor(_CONNECTIONS) as pool:
        counts = sum(pool.map(_answers, [endpoint.url] * _CONNECTIONS), Counter[str]())
    seen = {name: 100 * counts[endpoint.ids[name]] / counts.total() for name in _SHARES}
    return Figure(
        what=f"shares of two versions in {counts.total()} requests, from the split of 70 to 30",
        measured=max(abs(seen[name] - share) for name, share in _SHARES.items()),
        bound=WITHIN,
        unit="points",
        spread=", ".join(f"{name} {share:.1f} %" for name, share in seen.items()),
        disturbed_by="",
    )


def _answers(url: str) -> Counter[str]:
    """How many answers of one connection each deployed model gave."""
    parts, counts = urlsplit(url), Counter[str]()
    connection = http.client.HTTPConnection(parts.netloc, timeout=60)
    for _ in range(REQUESTS // _CONNECTIONS):
        connection.request("POST", parts.path, b'{"instances": [1.0]}', _HEADERS)
        counts[json.loads(connection.getresponse().read())["deployedModelId"]] += 1
    connection.close()
    return counts
