"""An invented API beside the real ones: a discovery document, two handlers and an operation are all that it takes."""

from __future__ import annotations

import asyncio
import json
import socket
import sqlite3
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from googleapiclient.discovery import build_from_document
from googleapiclient.errors import HttpError

from emulator.app import Emulator
from emulator.core.operations import Finish, NewOperation, OperationKinds, Work
from emulator.rest.api_registration import ApiRegistration
from emulator.rest.api_services import ApiServices
from emulator.rest.request import Request, Response
from emulator.settings import Settings
from gcp import errors
from tests.emulator.ml.caller import until
from tests.running import BOUND


def _method(name: str, verb: str, path: str, key: str, pattern: str, **more: Any) -> dict[str, Any]:
    parameter = {key: {"location": "path", "type": "string", "required": True, "pattern": pattern}}
    whole = {"id": f"parrot.projects.words.{name}", "httpMethod": verb, "path": path, "parameters": parameter}
    return {**whole, "response": {"$ref": "Word"}, **more}


_TEACH = _method("teach", "POST", "parrot/v1/{+parent}/words", "parent", "^projects/[^/]+$", request={"$ref": "Word"})
_GET = _method("get", "GET", "parrot/v1/{+name}", "name", "^projects/[^/]+/words/[^/]+$")
_WORD = {"type": "object", "properties": {"id": {"type": "string"}}}
DOCUMENT: dict[str, Any] = {"name": "parrot", "version": "v1", "servicePath": "", "schemas": {"Word": _WORD}}
DOCUMENT |= {"parameters": {"alt": {"location": "query", "type": "string"}}}
DOCUMENT |= {"resources": {"projects": {"resources": {"words": {"methods": {"teach": _TEACH, "get": _GET}}}}}}


class Words:
    """The handlers, and the work of the operation."""

    def __init__(self, services: ApiServices) -> None:
        self._store, self._operations = services.store, services.operations

    async def projects_words_teach(self, request: Request) -> Response:
        """Teaches a word; an operation."""
        project = request.params["parent"].partition("/")[2]
        new = NewOperation(api="parrot", type="TEACH", project=project, name="teach", subject={}, request=request.body)
        return Response(body=self._operations.start(self._operations.begin(new)))

    async def projects_words_get(self, request: Request) -> Response:
        """A word."""
        if self._store.one("SELECT 1 FROM parrot_words WHERE name = ?", request.params["name"]) is None:
            raise errors.NotFound("The parrot does not know this word.")
        return Response(body={"id": request.params["name"].rpartition("/")[2]})

    async def teach(self, operation: sqlite3.Row) -> Finish:
        """Writes the word at the end of the operation."""
        name = f"projects/{operation['project']}/words/{json.loads(operation['request'])['id']}"

        def finish() -> dict[str, Any]:
            return {"name": name, "rows": self._store.run("INSERT INTO parrot_words VALUES (?)", name)}

        return finish


def _operation(row: sqlite3.Row) -> dict[str, Any]:
    name = f"projects/{row['project']}/operations/{row['id']}"
    return {"name": name, "done": row["result"] is not None, **json.loads(row["result"] or "{}")}


def register(services: ApiServices) -> ApiRegistration:
    """The API."""
    services.store.declare("CREATE TABLE IF NOT EXISTS parrot_words (name TEXT PRIMARY KEY)")
    words = Words(services)
    work = Work(run=words.teach, fail=lambda _row, _message: None)
    kinds = OperationKinds(api="parrot", works={"TEACH": work}, to_json=_operation)
    return ApiRegistration(document=DOCUMENT, handlers=[words], operations=kinds, status=lambda: {"parrots": 1})


def _get(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=BOUND) as answer:  # noqa: S310 - loopback
        return json.load(answer)


def _use(words: Any, endpoint: str) -> None:
    with pytest.raises(HttpError, match="The parrot does not know this word"):
        words.get(name="projects/p/words/hi").execute()
    with pytest.raises(HttpError, match="Unknown name"):
        words.teach(parent="projects/p", body={"ID": "hi"}).execute()
    operation = words.teach(parent="projects/p", body={"id": "hi"}).execute()["name"]
    response = until(lambda: _get(f"{endpoint}/v1/{operation}").get("response"), "the end of the operation")

    assert response == {"name": "projects/p/words/hi", "rows": 1}
    assert words.get(name="projects/p/words/hi").execute() == {"id": "hi"}
    assert _get(f"{endpoint}/-/calls")["parrot.projects.words.teach"] == 2
    assert _get(f"{endpoint}/-/status")["parrots"] == 1
    assert _get(f"{endpoint}/discovery/v1/apis/parrot/v1/rest")["schemas"] == DOCUMENT["schemas"]


def test_an_api_is_registered_with_a_document_and_handlers(tmp_path: Path) -> None:
    """Routing, checks, errors, operations, counts, status and discovery work for it, over HTTP."""

    async def whole() -> None:
        emulator = Emulator(tmp_path, Settings(sandbox="off"), more=[register])
        listener, stop = socket.create_server(("127.0.0.1", 0)), asyncio.Event()
        serving = asyncio.create_task(emulator.server().serve(listener, stop))
        await emulator.start()
        endpoint = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with build_from_document({**DOCUMENT, "rootUrl": f"{endpoint}/"}) as service:
            await asyncio.to_thread(_use, service.projects().words(), endpoint)
        stop.set()
        await serving
        await emulator.stop()

    asyncio.run(whole())
