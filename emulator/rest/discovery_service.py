"""Google's discovery service, as far as this endpoint goes: which APIs it speaks, and their documents.

A client that builds itself from a document finds the way back here: its `rootUrl` is the address that was asked.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs

from emulator.rest import discovery
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


def respond(call: Call, base_url: str) -> Response:
    """The list of APIs (`name` and `preferred` choose), or a document. Raises `NotFound` for an API of another name.

    `/$discovery/rest?version=v1` is the document of `ml`: on Google's side the host tells which API is meant.
    """
    path = call.raw_path.replace("%24", "$")
    query = {name: values[-1] for name, values in parse_qs(call.query).items()}
    if path == _LIST:
        found = [_document(name, base_url) for name in discovery.DOCUMENTS]
        items = [_item(document) for document in found if query.get("name") in (None, document["name"])]
        return Response(body={"kind": "discovery#directoryList", "discoveryVersion": "v1", "items": items})
    named = _REST.fullmatch(path)
    name = ".".join(named.groups()) if named else f"ml.{query.get('version', 'v1')}"
    if name not in discovery.DOCUMENTS:
        raise errors.NotFound(f"Not found: this endpoint speaks {' and '.join(discovery.DOCUMENTS)}.")
    return Response(body=_document(name, base_url))


def _document(name: str, base_url: str) -> dict[str, Any]:
    found = discovery.document(name)
    found.pop("mtlsRootUrl", None)
    root = f"{base_url}/"
    return {**found, "rootUrl": root, "baseUrl": f"{root}{found['servicePath']}"}


def _item(document: dict[str, Any]) -> dict[str, Any]:
    kept = {key: document[key] for key in ("id", "name", "version", "title", "description", "documentationLink")}
    place = f"{document['rootUrl']}discovery/v1/apis/{document['name']}/{document['version']}/rest"
    return {"kind": "discovery#directoryItem", **kept, "discoveryRestUrl": place, "preferred": True}
