"""What a connection answers when there is no valid request: an error in the form of both APIs, then it closes."""

from __future__ import annotations

import json


def _refusal(line: str, message: str, status: str, reason: str) -> bytes:
    code = int(line[:3])
    errors = [{"message": message, "domain": "global", "reason": reason}]
    body = json.dumps({"error": {"code": code, "message": message, "status": status, "errors": errors}})
    head = f"HTTP/1.1 {line}\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {len(body)}"
    return f"{head}\r\n\r\n{body}".encode()


FULL = _refusal("503 Service Unavailable", "Too many connections.", "UNAVAILABLE", "backendError")
NO_HTTP = _refusal("400 Bad Request", "Invalid HTTP request received.", "INVALID_ARGUMENT", "badRequest")
LONG_HEAD = _refusal(
    "431 Request Header Fields Too Large",
    "The head of the request is longer than 64 KiB, or has more than 1000 headers.",
    "INVALID_ARGUMENT",
    "badRequest",
)
LONG_FRAMING = _refusal(
    "431 Request Header Fields Too Large",
    "The chunk extensions and trailers of the request's body, or the empty lines before it, are longer than 64 KiB.",
    "INVALID_ARGUMENT",
    "badRequest",
)
WRONG_VERSION = _refusal(
    "505 HTTP Version Not Supported",
    "This endpoint speaks HTTP/1.1 and HTTP/1.0.",
    "UNIMPLEMENTED",
    "httpVersionNotSupported",
)
