"""Google's discovery service, as far as this endpoint goes: which APIs it speaks, and their documents.

A client that builds itself from a document finds the way back here: its `rootUrl` is the address that was asked.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs

from emulator.rest.http_call import Call
from emulator.rest.request import Response
from gcp import errors

_LIST = "/discovery/v1/apis"
_REST = re.compile(r"/discovery/v1/apis/(\w+)/(\w+)/rest")
_OWN = "/$discovery/rest"
_BEGINNINGS = ("/discovery/", "/$", "/%24")


def answers(call: Call) -> bool:
    """Whether a call is one for this module."""
    if call.verb != "GET" or not call.raw_path.startswith(_BEGINNINGS):
        return False
    path = call.raw_path.replace("%24", "$")
    return path in (_LIST, _OWN) or _REST.fullmatch(path) is not None


class DiscoveryService:
    """Answers lists and documents.

    Args:
        documents: of the APIs. `/$discovery/rest` answers the first one of a version: at Google the host says which API
            is meant.
    """

    def __init__(self, documents: Sequence[Mapping[str, Any]]) -> None:
        self._documents = documents

    def respond(self, call: Call, base_url: str) -> Response:
        """The list of APIs (`name` chooses), or a document. Raises `NotFound` for an API of another name."""
        path = call.raw_path.replace("%24", "$")
        query = {name: values[-1] for name, values in parse_qs(call.query).items()}
        if path == _LIST:
            found = [_addressed(document, base_url) for document in self._documents]
            items = [_item(document) for document in found if query.get("name") in (None, document["name"])]
            return Response(body={"kind": "discovery#directoryList", "discoveryVersion": "v1", "items": items})
        named = _REST.fullmatch(path)
        name, version = named.groups() if named else (None, query.get("version", "v1"))
        for document in self._documents:
            if name in (None, document["name"]) and document["version"] == version:
                return Response(body=_addressed(document, base_url))
        names = " and ".join(f"{document['name']}.{document['version']}" for document in self._documents)
        raise errors.NotFound(f"Not found: this endpoint speaks {names}.")


def _addressed(document: Mapping[str, Any], base_url: str) -> dict[str, Any]:
    """The document with this endpoint's address."""
    root = f"{base_url}/"
    kept = {key: value for key, value in document.items() if key != "mtlsRootUrl"}
    return {**kept, "rootUrl": root, "baseUrl": f"{root}{document['servicePath']}"}


def _item(document: dict[str, Any]) -> dict[str, Any]:
    shown = ("id", "name", "version", "title", "description", "documentationLink")
    kept = {key: document.get(key, "") for key in shown}
    place = f"{document['rootUrl']}discovery/v1/apis/{document['name']}/{document['version']}/rest"
    return {"kind": "discovery#directoryItem", **kept, "discoveryRestUrl": place, "preferred": True}
