"""`fields`: partial answers."""

from __future__ import annotations

import secrets
from typing import Any
from urllib.parse import quote

import pytest

from tests.emulator.storage.support import send
from tests.running import RunningEmulator


@pytest.fixture
def place(emulator: RunningEmulator, project: str) -> str:
    """The address of a bucket with two labels."""
    body = {"name": f"b-{secrets.token_hex(6)}", "labels": {"a": "1", "b": "2"}}
    emulator.storage().buckets().insert(project=project, body=body).execute()
    return f"{emulator.endpoint}/storage/v1/b/{body['name']}"


@pytest.mark.parametrize(
    ("fields", "answer"),
    [
        ("labels", {"labels": {"a": "1", "b": "2"}}),
        ("kind,labels/a", {"kind": "storage#bucket", "labels": {"a": "1"}}),
        ("labels(a,b),kind", {"kind": "storage#bucket", "labels": {"a": "1", "b": "2"}}),
        (" kind , labels / b ", {"kind": "storage#bucket", "labels": {"b": "2"}}),
        ("labels/a,labels", {"labels": {"a": "1", "b": "2"}}),
        ("labels/*", {"labels": {"a": "1", "b": "2"}}),
        (
            "iamConfiguration/uniformBucketLevelAccess(enabled)",
            {"iamConfiguration": {"uniformBucketLevelAccess": {"enabled": False}}},
        ),
        ("labels/absent", {}),
        ("website", {}),
    ],
)
def test_an_answer_holds_what_is_asked_for(place: str, fields: str, answer: dict[str, Any]) -> None:
    """Google's syntax: `a,b`, `a/b`, `a(b,c)` and `*`."""
    assert send("GET", f"{place}?fields={quote(fields)}").json == answer


@pytest.mark.parametrize(
    "fields", ["name,", "name)", "(name)", "labels(a", "labels//a", "/name", "nome", "labels(", "," * 9]
)
def test_what_is_no_selection_is_refused(place: str, fields: str) -> None:
    """Wrong syntax, and a field that no answer has, is 400."""
    assert send("GET", f"{place}?fields={quote(fields)}").status == 400


def test_a_refused_selection_changes_nothing(place: str) -> None:
    """It is looked at before the call is done."""
    assert send("PATCH", f"{place}?fields=nome", b'{"labels": {"c": "3"}}').status == 400
    assert send("GET", f"{place}?fields=labels").json == {"labels": {"a": "1", "b": "2"}}


def test_lists_are_looked_through(emulator: RunningEmulator, project: str) -> None:
    """Each item of a list is cut; what `ml` answers, too. An error is answered whole."""
    models = emulator.ml().projects().models()
    for name in ("m1", "m2"):
        models.create(parent=f"projects/{project}", body={"name": name, "labels": {"a": name}}).execute()

    listed = models.list(parent=f"projects/{project}", fields="models(labels/a),nextPageToken", pageSize=1).execute()

    assert listed["models"] == [{"labels": {"a": "m1"}}]
    assert set(listed) == {"models", "nextPageToken"}
    refused = send("GET", f"{emulator.endpoint}/v1/projects/{project}/models/none?fields=name")
    assert refused.json["error"]["status"] == "NOT_FOUND"
