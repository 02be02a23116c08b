"""What a connection answers by itself, where there is no request that could be: Google's error, and the end."""

from __future__ import annotations


def _refusal(line: str, message: str, status: str) -> bytes:
    body = f'{{"error": {{"code": {line[:3]}, "message": "{message}", "status": "{status}"}}}}'
    head = f"HTTP/1.1 {line}\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {len(body)}"
    return f"{head}\r\n\r\n{body}".encode()


FULL = _refusal("503 Service Unavailable", "Too many connections.", "UNAVAILABLE")
NO_HTTP = _refusal("400 Bad Request", "Invalid HTTP request received.", "INVALID_ARGUMENT")
LONG_HEAD = _refusal(
    "431 Request Header Fields Too Large", "The head of the request is longer than 64 KiB.", "INVALID_ARGUMENT"
)
