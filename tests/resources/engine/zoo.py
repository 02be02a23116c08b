"""A server of an invented API: parrots, whose creation and deletion are operations."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

State = dict[str, Any]
PLACE, OPERATION = "projects/p/locations/here", "projects/p/locations/here/operations/1"


class Zoo(BaseHTTPRequestHandler):
    """The API; `calls` are verb and last segment of each."""

    parrots: ClassVar[dict[str, State]] = {}
    calls: ClassVar[list[str]] = []

    def do_GET(self) -> None:  # noqa: D102 - as the library calls it
        url, length = urlsplit(self.path), int(self.headers.get("content-length") or 0)
        name, body = url.path.removeprefix("/v1/"), json.loads(self.rfile.read(length) or "{}")
        new = "".join(parse_qs(url.query).get("parrotId", []))
        self.calls.append(f"{self.command} {new or name.rpartition('/')[2]}")
        status, answer = self._answer(name, body, new)
        content = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_POST = do_PATCH = do_DELETE = do_GET  # noqa: N815 - likewise

    def _answer(self, name: str, body: State, new: str) -> tuple[int, State]:
        if name == OPERATION:
            return 200, {"name": OPERATION, "done": True, "response": {}}
        if new:
            self.parrots[f"{name}/{new}"] = {**body, "name": f"{name}/{new}", "age": 3}
        elif name not in self.parrots:
            return 404, {"error": {"code": 404, "message": "No such parrot.", "status": "NOT_FOUND"}}
        elif self.command == "DELETE":
            del self.parrots[name]
        else:
            self.parrots[name] |= body
            return 200, self.parrots[name]
        return 200, {"name": OPERATION}

    def log_message(self, *_: object) -> None:  # noqa: D102 - tests have an output of their own
        pass


@contextmanager
def serving() -> Iterator[str]:
    """A server of it, without parrots; yields its URL."""
    Zoo.parrots.clear()
    Zoo.calls.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Zoo)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
