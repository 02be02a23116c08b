"""What a connection answers when there is no valid request: an error, then it closes."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import NamedTuple


class EarlyError(NamedTuple):
    """An error that is found before there is a request.

    Attributes:
        line: status code and phrase.
        message: for people.
        status: the canonical name of the code.
        reason: one word for programs.
    """

    line: str
    message: str
    status: str
    reason: str


ErrorBody = Callable[[EarlyError], bytes]
"""The JSON body of an early error."""

FULL = EarlyError("503 Service Unavailable", "Too many connections.", "UNAVAILABLE", "backendError")
NO_HTTP = EarlyError("400 Bad Request", "Invalid HTTP request received.", "INVALID_ARGUMENT", "badRequest")
LONG_HEAD = EarlyError(
    "431 Request Header Fields Too Large",
    "The head of the request is longer than 64 KiB, or has more than 1000 headers.",
    "INVALID_ARGUMENT",
    "badRequest",
)
LONG_FRAMING = EarlyError(
    "431 Request Header Fields Too Large",
    "The chunk extensions and trailers of the request's body, or the empty lines before it, are longer than 64 KiB.",
    "INVALID_ARGUMENT",
    "badRequest",
)
WRONG_VERSION = EarlyError(
    "505 HTTP Version Not Supported",
    "This endpoint speaks HTTP/1.1 and HTTP/1.0.",
    "UNIMPLEMENTED",
    "httpVersionNotSupported",
)


def plain_body(error: EarlyError) -> bytes:
    """`{"error": MESSAGE}`."""
    return json.dumps({"error": error.message}).encode()


def response(error: EarlyError, error_body: ErrorBody) -> bytes:
    """The whole response: status line, headers and body."""
    body = error_body(error)
    head = f"HTTP/1.1 {error.line}\r\ncontent-type: application/json\r\nconnection: close\r\n"
    return f"{head}content-length: {len(body)}\r\n\r\n".encode() + body
