"""Faults that were asked for: which call they meet, and what a client then sees."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.emulator.ml.caller import until
from tests.emulator.rest.test_dispatcher import call
from tests.running import RunningEmulator

CREATE, GET, LIST = "ml.projects.models.create", "ml.projects.models.get", "ml.projects.models.list"
DELETE = "ml.projects.models.delete"


@pytest.fixture
def faulty(emulator: RunningEmulator) -> Iterator[RunningEmulator]:
    """An emulator in which nothing goes wrong any more after the test."""
    yield emulator
    emulator.faults()


def create(emulator: RunningEmulator, project: str) -> tuple[int, dict[str, Any]]:
    """Status and answer of a call that makes the model `m`."""
    return call(emulator, "POST", f"/v1/projects/{project}/models", b'{"name": "m"}')


def exists(emulator: RunningEmulator, project: str) -> bool:
    """Whether the model `m` is there."""
    return call(emulator, "GET", f"/v1/projects/{project}/models/m")[0] == 200


def raw(emulator: RunningEmulator, path: str) -> tuple[int, Any, bytes]:
    """Status, headers and bytes of one GET."""
    connection = http.client.HTTPConnection(urlsplit(emulator.endpoint).netloc, timeout=30)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def test_a_rule_applies_as_often_as_it_says_and_to_its_method_alone(faulty: RunningEmulator, project: str) -> None:
    """Then the next rule that fits counts, and then none; what is left is shown."""
    faulty.faults({"method": CREATE, "status": 503, "times": 2}, {"method": "*", "status": 500})

    statuses = [create(faulty, project)[0] for _ in range(4)]

    assert statuses == [503, 503, 500, 200]
    assert [rule["times"] for rule in faulty.faults_left()] == [0, 0]


def test_a_status_comes_in_googles_shape_and_has_no_effect(faulty: RunningEmulator, project: str) -> None:
    """With its message, and the seconds to wait as a header."""
    faulty.faults({"method": LIST, "status": 429, "message": "Quota exceeded.", "retryAfter": 7})

    status, headers, content = raw(faulty, f"/v1/projects/{project}/models")

    assert (status, headers["retry-after"]) == (429, "7")
    expected = {"code": 429, "message": "Quota exceeded.", "status": "RESOURCE_EXHAUSTED"}
    assert json.loads(content)["error"] == expected


def test_a_status_comes_with_its_details(faulty: RunningEmulator, project: str) -> None:
    """As the API tells which service is not enabled."""
    details = [{"reason": "SERVICE_DISABLED", "metadata": {"service": "ml.googleapis.com"}}]
    faulty.faults({"method": LIST, "status": 403, "details": details})

    _, _, content = raw(faulty, f"/v1/projects/{project}/models")

    assert json.loads(content)["error"]["details"] == details


def test_a_page_comes_in_the_place_of_json(faulty: RunningEmulator, project: str) -> None:
    """As from a proxy, with a good status too."""
    faulty.faults({"method": LIST, "html": 200})

    status, headers, content = raw(faulty, f"/v1/projects/{project}/models")

    assert (status, headers.get_content_type()) == (200, "text/html")
    assert content.startswith(b"<!DOCTYPE html>")


@pytest.mark.parametrize(("moment", "effect"), [("before", False), ("after", True)])
def test_a_connection_is_closed_without_an_answer(
    faulty: RunningEmulator, project: str, moment: str, effect: bool
) -> None:
    """Before or after the call took effect."""
    faulty.faults({"method": CREATE, "drop": moment})

    with pytest.raises(http.client.RemoteDisconnected):
        create(faulty, project)

    assert exists(faulty, project) is effect


def test_a_body_is_cut_off(faulty: RunningEmulator, project: str) -> None:
    """The head promises more; the call took effect."""
    faulty.faults({"method": CREATE, "truncate": 5})

    with pytest.raises(http.client.IncompleteRead) as caught:
        create(faulty, project)

    assert len(caught.value.partial) == 5
    assert exists(faulty, project)


def test_a_call_takes_longer(faulty: RunningEmulator, project: str) -> None:
    """And then is answered as ever."""
    faulty.faults({"method": CREATE, "delay": 0.2})
    start = time.monotonic()

    assert create(faulty, project)[0] == 200
    assert time.monotonic() - start >= 0.2


def test_an_operation_ends_in_an_error(faulty: RunningEmulator, project: str) -> None:
    """With the code and the message that were asked for, and nothing done."""
    create(faulty, project)
    faulty.faults({"method": DELETE, "operation": "error", "code": 14, "message": "Not now."})

    _, operation = call(faulty, "DELETE", f"/v1/projects/{project}/models/m")

    ended = until(lambda: _ended(faulty, operation["name"]), "the operation's end")
    assert ended["error"] == {"code": 14, "message": "Not now."}
    assert exists(faulty, project)


def test_an_operation_does_not_end_until_the_rules_are_removed(faulty: RunningEmulator, project: str) -> None:
    """Then it goes on."""
    create(faulty, project)
    faulty.faults({"method": DELETE, "operation": "never"})

    _, operation = call(faulty, "DELETE", f"/v1/projects/{project}/models/m")
    assert not _ended(faulty, operation["name"])
    assert exists(faulty, project)

    assert call(faulty, "DELETE", "/-/faults")[0] == 204
    assert "error" not in until(lambda: _ended(faulty, operation["name"]), "the operation's end")
    assert not exists(faulty, project)


def test_an_operation_takes_longer(faulty: RunningEmulator, project: str) -> None:
    """Other operations do not."""
    create(faulty, project)
    faulty.faults({"method": DELETE, "operation": "slow", "seconds": 0.3})
    start = time.monotonic()

    _, operation = call(faulty, "DELETE", f"/v1/projects/{project}/models/m")

    assert "error" not in until(lambda: _ended(faulty, operation["name"]), "the operation's end")
    assert time.monotonic() - start >= 0.3
    assert not exists(faulty, project)


def _ended(emulator: RunningEmulator, name: str) -> dict[str, Any] | None:
    found = call(emulator, "GET", f"/v1/{name}")[1]
    return found if found.get("done") else None


REFUSED = [
    ("no JSON", b"[", "a JSON list of rules"),
    ("no list", b"{}", "a JSON list of rules"),
    ("no rule", b"[1]", "Rule 0 must be an object"),
    ("no method", b'[{"drop": "after"}]', "method must be the id"),
    ("no such method", b'[{"method": "ml.models.get", "drop": "after"}]', "method must be the id"),
    ("no fault", b'[{"method": "*"}]', "exactly one of status"),
    ("two faults", b'[{"method": "*", "drop": "after", "status": 500}]', "exactly one of status"),
    ("what does not go with it", b'[{"method": "*", "drop": "after", "code": 3}]', "code does not go with drop"),
    ("seconds of a fault that takes none", b'[{"method": "*", "hold": "after", "seconds": 3}]', "seconds does not go"),
    ("another word", b'[{"method": "*", "drop": "now"}]', 'drop must be "before" or "after"'),
    ("a number out of range", b'[{"method": "*", "status": 200}]', "status must be a status from 400 to 599"),
    ("no number", b'[{"method": "*", "status": true}]', "status must be"),
]


@pytest.mark.parametrize(("body", "text"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_what_is_no_rule_is_refused(faulty: RunningEmulator, body: bytes, text: str) -> None:
    """And the rules before stay."""
    faulty.faults({"method": GET, "status": 500})

    status, content = call(faulty, "PUT", "/-/faults", body)

    assert status == 400
    assert text in content["error"]["message"]
    assert len(faulty.faults_left()) == 1


def test_nothing_goes_wrong_by_default(emulator_factory: Any) -> None:
    """An emulator starts without rules."""
    assert emulator_factory().faults_left() == []


@pytest.mark.parametrize(("side", "effect"), [("before", False), ("after", True)])
def test_a_call_is_held_until_the_rules_change(side: str, effect: bool, faulty: RunningEmulator, project: str) -> None:
    """Before or after it took effect; then it is answered."""
    faulty.faults({"method": CREATE, "hold": side})
    answers: list[int] = []
    caller = threading.Thread(target=lambda: answers.append(create(faulty, project)[0]))
    caller.start()
    until(faulty.is_faulted, "the call is held")

    assert exists(faulty, project) is effect
    assert answers == []

    faulty.faults()
    caller.join(30)
    assert answers == [200]
