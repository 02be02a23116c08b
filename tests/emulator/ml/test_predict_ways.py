"""Predictions on the wire by both ways through the emulator: the short one, and that of every other call.

A client that takes gzip is answered the long way. Whatever a test says holds for both.
"""

from __future__ import annotations

import http.client
import json
import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.emulator.http.test_connection import connected, statuses
from tests.emulator.ml.caller import Caller, until
from tests.running import RunningEmulator, descendants

pytestmark = pytest.mark.tensorflow
METHOD = "ml.projects.predict"
TOKEN = "correct-horse-battery"  # noqa: S105  # of this test
BODY = b'{"instances": [3]}'
WAYS = {"short": {}, "long": {"accept-encoding": "gzip"}}


class Wire:
    """One connection, kept over the calls of a test."""

    def __init__(self, emulator: RunningEmulator, headers: dict[str, str]) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(emulator.endpoint).netloc, timeout=60)
        self._headers = headers

    def ask(self, name: str, body: bytes = BODY, **headers: str) -> tuple[int, Any]:
        """Status and JSON."""
        self._connection.request("POST", f"/v1/{name}:predict", body, {**self._headers, **headers})
        answer = self._connection.getresponse()
        return answer.status, json.loads(answer.read())

    def close(self) -> None:
        """Ends the connection."""
        self._connection.close()


@pytest.fixture(params=WAYS)
def wire(request: pytest.FixtureRequest, ml: Caller) -> Iterator[Wire]:
    """A connection to the shared emulator, by one of the ways."""
    wire = Wire(ml.emulator, WAYS[request.param])
    yield wire
    wire.close()
    ml.emulator.faults()


def test_a_prediction_is_counted_logged_and_measured(ml: Caller, wire: Wire) -> None:
    """Before the client has its answer: the count, the line of the log, the figures of the last minute."""
    version = ml.version(ml.model())["name"]
    before = ml.emulator.calls().get(METHOD, 0)

    assert [wire.ask(version)[0] for _ in range(3)] == [200] * 3

    assert ml.emulator.calls()[METHOD] - before == 3
    line = f" {METHOD} /v1/{version}:predict 200 "
    assert (ml.emulator.data / "log").read_text(encoding="utf-8").count(line) == 3
    status, _ = wire.ask(version, b'{"instances": ["x"]}')
    assert status == 200
    connection = http.client.HTTPConnection(urlsplit(ml.emulator.endpoint).netloc, timeout=60)
    connection.request("GET", "/-/metrics")
    found = json.loads(connection.getresponse().read())
    connection.close()
    assert (found["versions"][version]["requests"], found["versions"][version]["failures"]) == (4, 1)
    assert found["calls"][0]["path"] == f"/v1/{version}:predict"
    assert "lastUseTime" in ml.versions.get(name=version).execute()


def test_faults_meet_predictions(ml: Caller, wire: Wire) -> None:
    """A status, a connection that is dropped after it took effect, a body that is cut, a delay; then nothing."""
    version = ml.version(ml.model())["name"]
    assert wire.ask(version)[0] == 200

    ml.emulator.faults({"method": METHOD, "status": 429}, {"method": "*", "delay": 0.01})
    assert [wire.ask(version)[0], wire.ask(version)[0]] == [429, 200]
    ml.emulator.faults({"method": METHOD, "drop": "after"})
    with pytest.raises(http.client.RemoteDisconnected):
        wire.ask(version)
    ml.emulator.faults({"method": METHOD, "truncate": 4})
    with pytest.raises(http.client.IncompleteRead):
        wire.ask(version)

    wire.close()
    assert wire.ask(version) == (200, {"predictions": [{"y": 6}]})


def test_the_default_answers_from_the_moment_it_is_set(ml: Caller, wire: Wire) -> None:
    """By the model's name; and a version that is deleted answers no more."""
    model = ml.model()
    first, second = ml.version(model, "v1", 2.0)["name"], ml.version(model, "v2", 3.0)["name"]
    assert wire.ask(model) == (200, {"predictions": [{"y": 6}]})

    ml.versions.setDefault(name=second, body={}).execute()
    assert wire.ask(model) == (200, {"predictions": [{"y": 9}]})

    ml.response(ml.versions.delete(name=first).execute())
    assert wire.ask(model) == (200, {"predictions": [{"y": 9}]})
    assert wire.ask(first)[0] == 404


@pytest.mark.parametrize(
    ("name", "headers", "status"),
    [
        ("{model}/versions/none", {}, 404),
        ("{model}x", {}, 404),
        ("{model}", {"host": "example.com"}, 403),
        ("{model}", {"origin": "http://127.0.0.1:1"}, 403),
        ("{model}", {"content-encoding": "gzip"}, 400),
        ("{model}", {"x-http-method-override": "GET"}, 404),
        ("{model}", {"expect": "100-continue"}, 200),
    ],
)
def test_what_is_unusual_is_told(ml: Caller, wire: Wire, name: str, headers: dict[str, str], status: int) -> None:
    """Names of nothing, of other endpoints and sites, bodies that are not what they say, other verbs."""
    model = ml.model()
    ml.version(model)

    assert wire.ask(name.format(model=model), BODY, **headers)[0] == status


def test_a_token_is_asked_of_every_prediction(
    emulator_factory: Callable[..., RunningEmulator], tmp_path: Path, project: str
) -> None:
    """A connection on which the right one was given does not open it for the next request."""
    (tmp_path / "token").write_text(TOKEN)
    wire = Wire(emulator_factory("--token-file", str(tmp_path / "token")), {})
    name = f"projects/{project}/models/m"

    given = [wire.ask(name, authorization=f"Bearer {TOKEN}")[0] for _ in range(2)]
    others = [wire.ask(name)[0], wire.ask(name, authorization="Bearer wrong")[0]]

    wire.close()
    assert (given, others) == ([404, 404], [401, 401])


def test_many_clients_get_their_own_answers(ml: Caller, wire: Wire) -> None:
    """Of two versions at a time, good requests and bad ones."""
    model = ml.model()
    names = {factor: ml.version(model, f"v{factor}", float(factor))["name"] for factor in (2, 3)}

    def client(number: int) -> list[Any]:
        own = Wire(ml.emulator, {})
        factor = 2 + number % 2
        found = [own.ask(names[factor], b'{"instances": [%d, %d]}' % (number, turn))[1] for turn in range(20)]
        found.append(own.ask(names[factor], b'{"instances": [true]}')[1])
        own.close()
        return found

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(client, range(16)))

    for number, found in enumerate(answers):
        factor = 2 + number % 2
        assert found[:-1] == [{"predictions": [{"y": factor * number}, {"y": factor * turn}]} for turn in range(20)]
        assert "got true" in found[-1]["error"]
    assert wire.ask(names[2]) == (200, {"predictions": [{"y": 6}]})


def test_predictions_that_come_together_are_answered_in_their_order(ml: Caller) -> None:
    """On one connection, without waiting; the last one ends it."""
    version = ml.version(ml.model())["name"]
    head = f"POST /v1/{version}:predict HTTP/1.1\r\nhost: localhost\r\n".encode()
    requests = [b"%bcontent-length: 18\r\n\r\n" % head + b'{"instances": [%d]}' % number for number in range(5)]
    last = b"%bcontent-length: 18\r\nconnection: close\r\n\r\n" % head + b'{"instances": [9]}'

    with connected(ml.emulator) as connection:
        connection.sendall(b"".join([*requests, last]))
        answers = b"".join(iter(lambda: connection.recv(65536), b""))

    assert statuses(answers) == [200] * 6
    found = [json.loads(part[: part.index(b"}]}") + 3]) for part in answers.split(b"\r\n\r\n")[1:]]
    assert found == [{"predictions": [{"y": 2 * number}]} for number in (0, 1, 2, 3, 4, 9)]


def test_a_node_that_is_killed_is_told_to_its_clients(
    emulator_factory: Callable[..., RunningEmulator], project: str
) -> None:
    """With 503, if it is not a good answer; and another node answers soon."""
    ml = Caller(emulator_factory(), project)
    version = ml.version(ml.model())["name"]
    template = descendants(ml.emulator.pid)[0]
    wire = Wire(ml.emulator, {})
    assert wire.ask(version)[0] == 200

    for node in descendants(template):
        os.kill(node, signal.SIGKILL)
    seen = {wire.ask(version)[0] for _ in range(3)}

    assert seen <= {200, 503}
    until(lambda: wire.ask(version)[0] == 200, "a good answer")
    wire.close()
