"""What the tests of Cloud Storage share."""

from __future__ import annotations

import base64
import hashlib
import http.client
import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import google_crc32c
import httplib2
import pytest
from googleapiclient.discovery import build_from_document
from googleapiclient.errors import HttpError
from googleapiclient.http import MediaIoBaseUpload

from emulator.rest import discovery
from tests.running import BOUND

KIB_256 = 256 * 1024

NAMES = [
    "../../f",
    "/etc/passwd",
    "//x",
    "x",
    "x/y",
    "x/",
    "x//y",
    "./x",
    "...",
    "a/../../../b",
    "a\\..\\b",
    "C:\\f",
    "-rf",
    "n" * 1024,
    "é" * 512,
    "\U0001f600/\U0001f602",
    "nul\x00l",
    "\x01\x1b[31m\x7f\t",
    "\u0085\u2028\u202e",
    "%2e%2e%2f",
    "a?b#c&d=e+f g",
    "'; DROP TABLE storage_objects; --",
    "*[a]{b}_%",
    "\U0010ffff",
]
"""Valid names of objects."""

REFUSED_NAMES = [".", "..", "a\rb", "a\nb", "n" * 1025, "é" * 513, ".well-known/acme-challenge/x"]
"""Names that Google rejects."""


@contextmanager
def client(endpoint: str) -> Iterator[Any]:
    """Google's own client of the endpoint, closed at the end of the block."""
    document = {**discovery.document("storage.v1"), "rootUrl": f"{endpoint}/"}
    http = httplib2.Http(timeout=60)
    http.redirect_codes = http.redirect_codes - {
        308
    }  # "go on with the upload", as googleapiclient.http.build_http has it
    try:
        yield build_from_document(document, http=http)
    finally:
        http.close()


def data(content: bytes, mimetype: str = "application/octet-stream", **how: Any) -> Any:
    """Returns `content` as a media body; `resumable=True, chunksize=...` for a session."""
    return MediaIoBaseUpload(io.BytesIO(content), mimetype=mimetype, **how)


def refused(call: Any) -> tuple[int, str]:
    """Returns status and message of a call that must fail."""
    with pytest.raises(HttpError) as caught:
        call.execute()
    return caught.value.status_code, caught.value.reason


def crc32c(content: bytes) -> str:
    """Returns the CRC32C as the API writes it."""
    return base64.b64encode(google_crc32c.value(content).to_bytes(4, "big")).decode()


def md5(content: bytes) -> str:
    """Returns the MD5 as the API writes it."""
    return base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode()


@dataclass(frozen=True)
class Answer:
    """An HTTP answer; header names in lower case."""

    status: int
    headers: dict[str, str]
    content: bytes

    @property
    def json(self) -> Any:
        """The parsed body."""
        return json.loads(self.content)


def send(verb: str, url: str, body: bytes = b"", headers: dict[str, str] | None = None) -> Answer:
    """Sends one HTTP request exactly as given, for requests that Google's client never sends."""
    parts = urlsplit(url)
    assert parts.hostname is not None
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=BOUND)
    try:
        connection.request(verb, f"{parts.path}?{parts.query}", body, headers or {})
        answer = connection.getresponse()
        names = {name.lower(): value for name, value in answer.getheaders()}
        return Answer(answer.status, names, answer.read())
    finally:
        connection.close()
