"""Uploads and downloads objects by raw HTTP: `python -m benchmarks.workers.transfers ENDPOINT BUCKET`.

Each line that it reads is a job: `up` or `down`, the prefix of the names, the number of objects, their size in bytes
and the number of connections; for each it prints the seconds that it took. Connections stay open,
requests are written by hand, and bodies are only counted, so that the server is measured, not the client. Small
objects are sent as google-cloud-storage does (`uploadType=multipart`), those from 1 MB as the body of a request.
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

    def request(self, verb: str, target: str, kind: str = "", body: bytes = b"") -> int:
        """Sends a request and reads its response; returns the size of the response's body in bytes."""
        lines = [f"{verb} {target} HTTP/1.1", f"host: {self._host}", f"content-length: {len(body)}"]
        head = "\r\n".join([*lines, f"content-type: {kind}", "", ""]).encode()
        if len(body) < _PIECE:
            self._socket.sendall(head + body)
        else:
            self._socket.sendall(head)
            self._socket.sendall(body)
        return self._answer(f"{verb} {target}")

    def close(self) -> None:
        """Closes the connection."""
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
            raise ConnectionError(f"{what}: the response has no Content-Length")
        while body < length:
            got = self._socket.recv_into(view, 0, socket.MSG_TRUNC)  # Linux: counted in the kernel, not copied
            if not got:
                raise ConnectionError(f"{what}: the response is truncated")
            body += got
        return length


def upload(connection: Connection, bucket: str, name: str, content: bytes) -> None:
    """Uploads an object in one request."""
    address = f"/upload/storage/v1/b/{bucket}/o?uploadType="
    if len(content) >= _MULTIPART_BELOW:
        connection.request("POST", f"{address}media&name={name}", "application/octet-stream", content)
        return
    metadata = f'--=\r\ncontent-type: application/json\r\n\r\n{{"name": "{name}"}}\r\n--=\r\n'
    begin = f"{metadata}content-type: application/octet-stream\r\n\r\n".encode()
    connection.request("POST", f"{address}multipart", 'multipart/related; boundary="="', begin + content + b"\r\n--=--")


def download(connection: Connection, bucket: str, name: str, content: bytes) -> None:
    """Downloads an object. Raises `ConnectionError` if its size differs from that of `content`."""
    length = connection.request("GET", f"/download/storage/v1/b/{bucket}/o/{name}?alt=media")
    if length != len(content):
        raise ConnectionError(f"{name} has {length} bytes, not {len(content)}")


JOBS: dict[str, Callable[[Connection, str, str, bytes], None]] = {"up": upload, "down": download}


def main(endpoint: str, bucket: str) -> None:
    """Answers lines of standard input until its end."""
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
        for name in left:  # the threads share the iterator, so each name is used once
            job(connection, bucket, name, content)

    with ThreadPoolExecutor(len(connections)) as threads:
        begin = time.perf_counter()
        for done in [threads.submit(work, connection) for connection in connections]:
            done.result()
        return time.perf_counter() - begin


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
