"""Nodes that follow the load, over HTTP."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest

from emulator.core.node_limits import cores_here
from tests.emulator.ml.caller import Caller, until
from tests.running import RunningEmulator

pytestmark = pytest.mark.tensorflow
_CLIENTS = 4


@pytest.fixture(scope="module")
def _quick(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningEmulator]:
    with RunningEmulator(tmp_path_factory.mktemp("quick"), "--idle-seconds", "1") as running:
        yield running


@pytest.fixture
def quick(_quick: RunningEmulator, project: str) -> Caller:
    """A caller of an emulator that takes nodes away after one idle second."""
    return Caller(_quick, project)


def _shown(ml: Caller, version: dict[str, Any]) -> dict[str, Any]:
    row: dict[str, Any]
    (row,) = [row for row in ml.emulator.status()["versions"] if row["name"] == version["name"]]
    return row


def _nodes(ml: Caller, version: dict[str, Any]) -> int:
    found: int = _shown(ml, version)["nodes"]
    return found


@contextmanager
def _load(ml: Caller, version: dict[str, Any]) -> Iterator[list[dict[str, Any]]]:
    """Clients that ask all the time while the block runs; afterwards the list holds every answer."""
    answers: list[dict[str, Any]] = []
    ended = threading.Event()

    def ask() -> None:
        connection = http.client.HTTPConnection(urlsplit(ml.emulator.endpoint).netloc, timeout=60)
        with closing(connection):
            while not ended.is_set():
                connection.request("POST", f"/v1/{version['name']}:predict", b'{"instances": [1]}')
                answers.append(json.load(connection.getresponse()))

    with ThreadPoolExecutor(_CLIENTS) as pool:
        asking = [pool.submit(ask) for _ in range(_CLIENTS)]
        try:
            yield answers
        finally:
            ended.set()
    for task in asking:
        task.result()


def test_load_makes_nodes_come_and_go(quick: Caller) -> None:
    """Under load they grow to `maxNodes`; without it they fall back to `minNodes`; every request is answered."""
    version = quick.version(quick.model(), autoScaling={"minNodes": 1, "maxNodes": 3})
    assert _nodes(quick, version) == 1

    with _load(quick, version) as answers:
        until(lambda: _nodes(quick, version) == 3, "three nodes")
        more = len(answers)
        until(lambda: len(answers) > more + 50, "answers of three nodes")
    until(lambda: _nodes(quick, version) == 1, "one node again")

    assert all(answer == {"predictions": [{"y": 2.0}]} for answer in answers)


def test_an_idle_version_has_no_node_and_answers_all_the_same(quick: Caller) -> None:
    """With a least of 0 the last node goes, the next request has one started, and so on."""
    version = quick.version(quick.model(), machineType="mls1-c1-m2")
    shown = _shown(quick, version)
    assert (shown["nodes"], shown["minNodes"], shown["maxNodes"]) == (0, 0, cores_here())

    for _ in range(2):
        assert quick.predict(version["name"], [1.0]) == {"predictions": [{"y": 2.0}]}
        until(lambda: _nodes(quick, version) == 0, "no node")


def test_patched_bounds_take_effect(quick: Caller) -> None:
    """A higher least starts nodes before the operation ends, a lower most ends them; manual scaling never moves."""
    model = quick.model()
    version = quick.version(model, autoScaling={"minNodes": 1, "maxNodes": 3})
    for least, most in ((2, 2), (1, 1)):
        body = {"autoScaling": {"minNodes": least, "maxNodes": most}}
        mask = "autoScaling.minNodes,autoScaling.maxNodes"
        quick.response(quick.versions.patch(name=version["name"], updateMask=mask, body=body).execute())
        shown = _shown(quick, version)
        assert (shown["nodes"], shown["minNodes"], shown["maxNodes"]) == (least, least, most)

    manual = quick.version(model, "v2", manualScaling={"nodes": 1})
    with _load(quick, manual) as answers:
        until(lambda: len(answers) > 200, "answers")
        assert _nodes(quick, manual) == 1
