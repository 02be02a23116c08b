"""A process that sends objects and fetches them by raw HTTP: `python -m benchmarks.workers.transfers ENDPOINT BUCKET`.

Each line that it reads is one job, `up` or `down`, with a prefix of names, how many objects, how many bytes each has
and how many connections take part; each is answered by a line: the seconds that it took. Connections are kept,
requests are written by hand, and bodies are counted, not looked at, so that the server is what is measured. Small
objects go as google-cloud-storage sends them (`uploadType=multipart`), those above 1 MB as the body of one request.
"""

from __future__ import annotations

import os
import socket
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

_MULTIPART_BELOW = 1_000_000
_PIECE = 2**20


class Connection:
    """One connection, for one thread."""

    def __init__(self, host: str, port: int) -> None:
        self._socket = socket.create_connection((host, port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffer = bytearray(_PIECE)
        self._host = f"{host}:{port}"

    def ask(self, verb: str, target: str, kind: str = "", body: bytes = b"") -> int:
        """Sends a request and takes in its answer; returns how many bytes the answer's body had."""
        lines = [f"{verb} {target} HTTP/1.1", f"host: {self._host}", f"content-length: {len(body)}"]
        head = "\r\n".join([*lines, f"content-type: {kind}", "", ""]).encode()
        if len(body) < _PIECE:
            self._socket.sendall(head + body)
        else:
            self._socket.sendall(head)
            self._socket.sendall(body)
        return self._answer(f"{verb} {target}")

    def close(self) -> None:
        """Ends it."""
        self._socket.close()

    def _answer(self, what: str) -> int:
        view = memoryview(self._buffer)
        came, end = 0, -1
        while end < 0:
            got = self._socket.recv_into(view[came:])
            if not got:
                raise ConnectionError(f"{what}: the connection was closed")
            came += got
            end = self._buffer.find(b"\r\n\r\n", 0, came)
        status, *fields = bytes(self._buffer[:end]).lower().split(b"\r\n")
        if not status.startswith(b"http/1.1 200"):
            raise ConnectionError(f"{what}: {' '.join(bytes(self._buffer[:came]).decode(errors='replace').split())}")
        body = came - end - 4
        length = next((int(field[15:]) for field in fields if field.startswith(b"content-length:")), None)
        if length is None:
            raise ConnectionError(f"{what}: the answer does not say how long it is")
        while body < length:
            got = self._socket.recv_into(view, 0, socket.MSG_TRUNC)  # Linux: counted in the kernel, not copied
            if not got:
                raise ConnectionError(f"{what}: the answer is cut short")
            body += got
        return length


def upload(connection: Connection, bucket: str, name: str, content: bytes) -> None:
    """`objects.insert` in one request."""
    address = f"/upload/storage/v1/b/{bucket}/o?uploadType="
    if len(content) >= _MULTIPART_BELOW:
        connection.ask("POST", f"{address}media&name={name}", "application/octet-stream", content)
        return
    metadata = f'--=\r\ncontent-type: application/json\r\n\r\n{{"name": "{name}"}}\r\n--=\r\n'
    begin = f"{metadata}content-type: application/octet-stream\r\n\r\n".encode()
    connection.ask("POST", f"{address}multipart", 'multipart/related; boundary="="', begin + content + b"\r\n--=--")


def download(connection: Connection, bucket: str, name: str, content: bytes) -> None:
    """`objects.get` with `alt=media`. Raises `ConnectionError` where it has another length than `content`."""
    length = connection.ask("GET", f"/download/storage/v1/b/{bucket}/o/{name}?alt=media")
    if length != len(content):
        raise ConnectionError(f"{name} has {length} bytes, not {len(content)}")


JOBS: dict[str, Callable[[Connection, str, str, bytes], None]] = {"up": upload, "down": download}


def main(endpoint: str, bucket: str) -> None:
    """Answers lines until there are no more."""
    parts = urlsplit(endpoint)
    most: list[Connection] = []
    print("ready", flush=True)
    for line in sys.stdin:
        verb, prefix, count, size, width = line.split()
        while len(most) < int(width):
            most.append(Connection(parts.hostname or "", parts.port or 80))
        names = [f"{prefix}-{number}" for number in range(int(count))]
        print(_timed(JOBS[verb], most[: int(width)], bucket, names, os.urandom(int(size))), flush=True)


def _timed(
    job: Callable[[Connection, str, str, bytes], None],
    connections: list[Connection],
    bucket: str,
    names: list[str],
    content: bytes,
) -> float:
    left = iter(names)

    def work(connection: Connection) -> None:
        for name in left:  # threads take turns: what one takes no other gets
            job(connection, bucket, name, content)

    with ThreadPoolExecutor(len(connections)) as threads:
        begin = time.perf_counter()
        for done in [threads.submit(work, connection) for connection in connections]:
            done.result()
        return time.perf_counter() - begin


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
