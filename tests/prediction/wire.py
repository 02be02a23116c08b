"""A server with the wire format and responses chosen by a test."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Wire:
    """What came in, and what goes out.

    Attributes:
        endpoint: `http://127.0.0.1:PORT`.
        requests: path and body of each request, as they came.
        answers: status and body of the next answers; then each instance is its own prediction, and who asks what is
            deployed may not know it.
    """

    endpoint: str = ""
    requests: list[tuple[str, bytes]] = field(default_factory=list)
    answers: list[tuple[int, Any]] = field(default_factory=list)

    def answer(self, path: str, content: bytes) -> tuple[int, Any]:
        """Answers one request."""
        self.requests.append((path, content))
        if self.answers:
            return self.answers.pop(0)
        if not content:
            return 403, {"error": {"code": 403, "message": "Not yours.", "status": "PERMISSION_DENIED"}}
        return 200, {"predictions": json.loads(content)["instances"]}

    @property
    def bodies(self) -> list[Any]:
        """The parsed request bodies."""
        return [json.loads(content) for _, content in self.predicts]

    @property
    def predicts(self) -> list[tuple[str, bytes]]:
        """The requests for predictions."""
        return [(path, content) for path, content in self.requests if ":predict" in path]


@contextmanager
def serving() -> Iterator[Wire]:
    """A server on a free port while the block runs."""
    wire = Wire()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(b"")

        def do_POST(self) -> None:
            self._answer(self.rfile.read(int(self.headers["content-length"])))

        def _answer(self, content: bytes) -> None:
            status, body = wire.answer(self.path, content)
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        wire.endpoint = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield wire
        finally:
            server.shutdown()
            thread.join()
