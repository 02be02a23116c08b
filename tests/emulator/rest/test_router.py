"""Routing, over every method of both discovery documents."""

from __future__ import annotations

import re

import pytest

from emulator.ml import api as ml_api
from emulator.rest import discovery
from emulator.rest.api_registration import ApiRegistration
from emulator.rest.router import Router
from emulator.storage import api as storage_api
from emulator.vertex import methods as vertex_methods

METHODS = [*ml_api.methods(), *storage_api.methods()]
ROUTER = Router(METHODS)
_WORDS = {"projects/.*": "projects/p/models/m"}


def address(method: discovery.Method, template: str) -> str:
    """An address of the method, with names in which nothing is literal."""

    def fill(found: re.Match[str]) -> str:
        pattern = method.parameters[found[1]].get("pattern", "").strip("^$")
        return _WORDS.get(pattern) or re.sub(r"\[\^/\]\+", "x1", pattern) or "a%2Fb"

    return "/" + re.sub(r"\{\+?(\w+)\}", fill, template)


@pytest.mark.parametrize("method", METHODS, ids=[method.id for method in METHODS])
def test_every_method_is_found_by_its_address(method: discovery.Method) -> None:
    """The address of a method leads to it and to no other, and names come out decoded."""
    match = ROUTER.match(method.verb, address(method, method.path))

    assert match is not None
    assert match.method.id == method.id
    assert all("%" not in value for value in match.params.values())


@pytest.mark.parametrize("version", vertex_methods.VERSIONS)
def test_every_method_of_a_large_document_is_found_by_its_address(version: str) -> None:
    """The part of it that is emulated."""
    found = discovery.methods(vertex_methods.document(version), proto_json=True)
    router = Router(found)

    for method in found:
        match = router.match(method.verb, address(method, method.path))
        assert match is not None
        assert match.method.id == method.id


def test_upload_addresses_take_the_verbs_of_a_session() -> None:
    """Both upload prefixes lead to the insert of objects, with POST, PUT and DELETE."""
    for prefix in ("/upload", "/resumable/upload"):
        for verb in ("POST", "PUT", "DELETE"):
            match = ROUTER.match(verb, f"{prefix}/storage/v1/b/bucket/o")
            assert match is not None
            assert (match.method.id, match.upload) == ("storage.objects.insert", True)


def test_object_names_are_decoded_once() -> None:
    """`%252F` in an address is `%2F` in the name, and `%2F` a slash."""
    match = ROUTER.match("GET", "/storage/v1/b/bucket/o/a%2Fb%252Fc")

    assert match is not None
    assert match.params == {"bucket": "bucket", "object": "a/b%2Fc"}


def test_only_the_emulated_methods_of_a_large_document_have_an_address() -> None:
    """Of the 1,144 methods of Vertex AI those that are listed; so its other addresses belong to other APIs."""
    predict = "aiplatform.projects.locations.endpoints.predict"
    document = discovery.document("aiplatform.v1")
    api = ApiRegistration(document=document, handlers=[], emulated=[predict])
    router = Router([*api.methods, *ml_api.methods()])

    found = router.match("POST", "/v1/projects/p/locations/l/endpoints/e:predict")
    shared = router.match("GET", "/v1/projects/p/locations/l/operations/o")

    assert len(discovery.methods(document, proto_json=True)) > 1000
    assert found is not None
    assert shared is not None
    assert (found.method.id, shared.method.id) == (predict, "ml.projects.locations.operations.get")
