"""Clients that send a request as soon as they have a response: the process `python -m benchmarks.workers.load`.

Each line that it reads is a run, as JSON: `url`, `body` (a file), `clients`, `seconds`. Each client keeps a connection
and posts the body again as soon as it has a response. The line that it prints has the attributes of `Load`.

One thread waits for all sockets with epoll and reads little of the responses, so that it uses a fraction of the
server's CPU time: about 7 microseconds per request.
"""

from __future__ import annotations

import json
import select
import socket
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from benchmarks.figures import BenchmarkError
from benchmarks.workspace import World

_PIECE = 64 << 10
_LENGTH = b"content-length: "
_PATIENCE = 60.0


@dataclass(frozen=True, kw_only=True)
class Load:
    """The result of a run.

    Attributes:
        requests: the number of requests with a 200 and a prediction.
        seconds: the duration of the run.
        p50: milliseconds from a request to its response.
        p99: milliseconds from a request to its response.
        errors: the number of requests with another response, or none.
        first: the first of these errors.
    """

    requests: int
    seconds: float
    p50: float
    p99: float
    errors: int
    first: str

    @property
    def rate(self) -> float:
        """Requests per second."""
        return self.requests / self.seconds


class Clients:
    """Starts the process and its runs."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._process = world.start([sys.executable, "-m", "benchmarks.workers.load"])

    def begin(self, url: str, body: Path, *, clients: int, seconds: float) -> None:
        """Starts a run."""
        order = {"url": url, "body": str(body), "clients": clients, "seconds": seconds}
        assert self._process.stdin is not None
        print(json.dumps(order), file=self._process.stdin, flush=True)

    def result(self) -> Load:
        """Waits for the end of a run. Raises `BenchmarkError` if the process ended."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise BenchmarkError(f"the clients ended:\n{self._world.logged_errors()}")
        return Load(**json.loads(line))

    def run(self, url: str, body: Path, *, clients: int, seconds: float) -> Load:
        """Makes a run; returns its result. Raises `BenchmarkError` if any request failed."""
        self.begin(url, body, clients=clients, seconds=seconds)
        load = self.result()
        if load.errors or not load.requests:
            raise BenchmarkError(f"{load.errors} requests of {url} failed: {load.first}")
        return load

    def end(self) -> None:
        """Waits for the run and ends the process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


@dataclass(slots=True)
class _Client:
    socket: socket.socket
    began: float = 0.0
    got: bytes = b""


class _Run:
    """One run."""

    def __init__(self, *, url: str, body: str, clients: int, seconds: float) -> None:
        parts, content = urlsplit(url), Path(body).read_bytes()
        head = f"POST {parts.path} HTTP/1.1\r\nhost: {parts.netloc}\r\ncontent-type: application/json\r\n"
        self._request = f"{head}content-length: {len(content)}\r\n\r\n".encode() + content
        self._address = (parts.hostname or "", parts.port or 0)
        self._seconds = seconds
        self._clients: dict[int, _Client] = {}
        self._poll = select.epoll()
        self._took: list[float] = []
        self._errors: list[str] = []
        self._good = b""  # the last complete prediction: many responses have the same bytes
        for _ in range(clients):
            self._connect()

    def complete(self) -> Load:
        """Sends requests until the time is over, then waits for the pending responses."""
        begin = time.perf_counter()
        for client in list(self._clients.values()):
            self._send(client)
        end = begin + self._seconds
        while time.perf_counter() < end:
            self._turn(again=True)
        seconds = time.perf_counter() - begin
        requests, limit = len(self._took), time.perf_counter() + _PATIENCE
        while self._clients and time.perf_counter() < limit:
            self._turn(again=False)
        if self._clients:
            self._errors += [f"no response within {_PATIENCE:g} s"] * len(self._clients)
        took = sorted(self._took[:requests]) or [0.0]
        return Load(
            requests=requests,
            seconds=seconds,
            p50=took[len(took) // 2] * 1e3,
            p99=took[int(len(took) * 0.99)] * 1e3,
            errors=len(self._errors),
            first=self._errors[0] if self._errors else "",
        )

    def _connect(self) -> _Client:
        connection = socket.create_connection(self._address, timeout=_PATIENCE)
        connection.settimeout(None)  # a timeout costs a second system call for each send and receive
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client = self._clients[connection.fileno()] = _Client(connection)
        self._poll.register(connection.fileno(), select.EPOLLIN)
        return client

    def _send(self, client: _Client) -> None:
        client.began = time.perf_counter()
        client.socket.sendall(self._request)

    def _turn(self, *, again: bool) -> None:
        for number, _ in self._poll.poll(1.0):
            client = self._clients[number]
            data = _received(client.socket)
            client.got = client.got + data if client.got else data
            if data and client.got != self._good and not _is_whole(client.got):
                continue
            self._note(client, lost=not data)
            if not data or not again:
                self._close(client)
            if again:
                self._send(client if data else self._connect())

    def _note(self, client: _Client, *, lost: bool) -> None:
        if not lost and (client.got == self._good or _is_good(client.got)):
            self._good = client.got
            self._took.append(time.perf_counter() - client.began)
        else:
            self._errors.append(client.got.decode(errors="replace") or "the connection was closed")
        client.got = b""

    def _close(self, client: _Client) -> None:
        self._poll.unregister(client.socket.fileno())
        del self._clients[client.socket.fileno()]
        client.socket.close()


def _received(connection: socket.socket) -> bytes:
    """The received bytes; empty if the connection is closed."""
    try:
        return connection.recv(_PIECE)
    except ConnectionError:
        return b""


def _is_good(answer: bytes) -> bool:
    """Whether a complete response is a prediction."""
    return answer.startswith(b"HTTP/1.1 200") and b'{"error"' not in answer


def _is_whole(answer: bytes) -> bool:
    """Whether a response with a `Content-Length` is complete."""
    end = answer.find(b"\r\n\r\n")
    if end < 0:
        return False
    start = answer.lower().find(_LENGTH, 0, end) + len(_LENGTH)
    return len(answer) >= end + 4 + int(answer[start : answer.index(b"\r", start)])


def main() -> None:
    """Makes the runs of standard input until its end."""
    for line in sys.stdin:
        order: dict[str, Any] = json.loads(line)
        print(json.dumps(asdict(_Run(**order).complete())), flush=True)


if __name__ == "__main__":
    main()
