"""The client library's objects, made once."""

from __future__ import annotations

from gcp.discovery_clients import Services


def test_a_collection_is_made_once() -> None:
    """The client library makes it anew at every call."""
    services = Services(lambda _: "http://127.0.0.1:1/")

    first, second = (services.collection("ml", "projects.models.versions") for _ in range(2))

    assert first is second


def test_a_collection_is_at_its_root() -> None:
    """Both APIs are at one endpoint; without a root they are where their documents say."""
    here, there = Services(lambda _: "http://127.0.0.1:1/"), Services(lambda _: None)

    for services, root in ((here, "http://127.0.0.1:1/"), (there, "https://ml.googleapis.com/")):
        assert services.collection("ml", "projects.models").get(name="projects/p/models/m").uri.startswith(root)
    assert here.collection("storage", "objects").get(bucket="b", object="o").uri.startswith("http://127.0.0.1:1/")
