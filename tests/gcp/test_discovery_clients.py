"""The client library's objects, made once."""

from __future__ import annotations

from gcp.discovery_clients import Clients
from gcp.settings import Settings
from resources.ml.service import ML
from resources.storage.service import STORAGE

HERE = "http://127.0.0.1:1"


def test_a_collection_is_made_once() -> None:
    """The client library makes it anew at every call."""
    clients = Clients(Settings(endpoint=HERE))

    first, second = (clients.collection(ML, "projects.models.versions") for _ in range(2))

    assert first is second


def test_a_collection_is_at_its_root() -> None:
    """All APIs are at one endpoint; without a root they are where their documents say."""
    here, there = Clients(Settings(endpoint=HERE)), Clients(Settings())

    for clients, root in ((here, f"{HERE}/"), (there, "https://ml.googleapis.com/")):
        assert clients.collection(ML, "projects.models").get(name="projects/p/models/m").uri.startswith(root)
    assert here.collection(STORAGE, "objects").get(bucket="b", object="o").uri.startswith(f"{HERE}/")


def test_a_request_knows_its_api() -> None:
    """Those for the next page, too."""
    clients = Clients(Settings(endpoint=HERE))
    objects = clients.collection(STORAGE, "objects")
    first = objects.list(bucket="b")

    following = objects.list_next(first, {"nextPageToken": "t"})

    assert (first.service, following.service) == (STORAGE, STORAGE)
