"""What the recovery adds to a snapshot before it refreshes resources whose update was killed."""

from __future__ import annotations

import base64
from typing import Any

import dill

from resources.vertex.endpoint import EndpointProvider
from tools import pending_updates

PROVIDER = base64.b64encode(dill.dumps(EndpointProvider())).decode()
SECRET = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "x"}
OLD = {"endpoint": "e", "labels": {"a": "1", "b": "2"}}


def snapshot(wanted: dict[str, Any], *more: dict[str, Any]) -> dict[str, Any]:
    """A snapshot whose one resource was being updated."""
    update = {"type": "updating", "resource": {"urn": "u", "inputs": {"__provider": PROVIDER, **wanted}}}
    return {"resources": [{"urn": "u", "inputs": OLD, "outputs": OLD}], "pending_operations": [update, *more]}


def test_added_keys_and_fields_are_looked_for() -> None:
    """Old values stay: the refresh reads what they are now."""
    found = pending_updates.recorded(snapshot({"labels": {"a": "9", "c": "3"}, "description": "new"}))

    assert found is not None
    [resource] = found["resources"]
    wanted = {"endpoint": "e", "labels": {"a": "1", "b": "2", "c": "3"}, "description": "new"}
    assert (resource["inputs"], resource["outputs"]) == (wanted, wanted)
    assert found["pending_operations"] == []


def test_a_change_that_adds_nothing_is_left_to_the_refresh() -> None:
    """Also one of encrypted values, which cannot be merged."""
    assert pending_updates.recorded(snapshot({"labels": {"a": "9"}})) is None
    assert pending_updates.recorded(snapshot({"labels": SECRET, "description": SECRET})) is None


def test_nothing_is_added_if_another_kind_of_operation_was_interrupted() -> None:
    """The engine would forget it."""
    creation = {"type": "creating", "resource": {"urn": "w", "inputs": {}}}

    assert pending_updates.recorded(snapshot({"labels": {"c": "3"}}, creation)) is None
