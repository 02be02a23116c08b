"""Batches: several calls in one `multipart/mixed` request, each answered for itself.

Calls are done one after the other, in their order. A call of media, or a batch in a batch, is refused in its place.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from email.message import Message
from http import HTTPStatus
from urllib.parse import urlsplit

from emulator.http.file_part import FilePart
from emulator.rest import response_writer
from emulator.rest.http_call import Call, Receive
from emulator.rest.request import Response
from gcp import errors

MOST = 1000
"""Calls in one batch. Google's documentation of Cloud Storage asks for 100 at most, its clients allow 1000."""

_LINE = re.compile(rb"([A-Z]+) (\S+)(?: HTTP/1\.[01])?")
_HEAD = re.compile(rb"\r?\n\r?\n")
_HEAD_BYTES = 64 << 10
_ANSWERS_BYTES = 64 << 20
"""The limit for all answers of a batch; later calls are not run."""

_TOO_LONG = errors.PayloadTooLarge(
    f"The answers of this batch exceed {_ANSWERS_BYTES} bytes: send the remaining calls in another one."
)
_PLAIN = ("7bit", "8bit", "binary")
_OWN = {"content-type", "content-length", "content-encoding", "transfer-encoding", "accept-encoding", "expect"}
_OUTER = {"host", "origin"}

Respond = Callable[[Call], Awaitable[Response]]
Refuse = Callable[[Call, errors.ApiError], Response]


def answers_at(call: Call) -> bool:
    """Whether a call is a batch: `/batch`, `/batch/storage/v1`, `/batch/ml/v1`."""
    return call.verb == "POST" and re.fullmatch(r"/batch(/\w+)*", call.raw_path) is not None


async def respond(call: Call, one: Respond, refuse: Refuse) -> Response:
    """The answers of all calls in one body, in their order.

    Args:
        call: the batch. Its headers are those of each call that gives none of its own, credentials among them.
        one: answers one call.
        refuse: writes an error in the form of the API that is asked.

    Raises:
        errors.InvalidArgument: the body is no batch, or holds no call or more than `MOST`.
    """
    parts = _parts(call.headers.get("content-type", ""), await call.read())
    boundary = f"batch_{secrets.token_urlsafe(24)}"
    body = bytearray()
    for part in parts:
        inner = _call(call, part)
        bodiless = inner.verb == "HEAD"
        response = refuse(inner, _TOO_LONG) if len(body) > _ANSWERS_BYTES else await _answer(inner, one, refuse)
        answer = response_writer.rendered(response, pretty=inner.pretty)
        if bodiless:
            answer.body = b""
        body += f"--{boundary}\r\nContent-Type: application/http\r\n".encode()
        if part.id:
            body += f"Content-ID: {_response_id(part.id)}\r\n".encode("ascii", "replace")
        body += b"\r\n" + _http(answer) + b"\r\n"
    body += f"--{boundary}--\r\n".encode()
    return Response(body=bytes(body), headers={"content-type": f"multipart/mixed; boundary={boundary}"})


@dataclass(frozen=True, slots=True)
class _Part:
    """One call, as it came: its id, and its text."""

    id: str
    content: bytes


def _parts(content_type: str, content: bytes) -> list[_Part]:
    """The parts of a body. Does not use the parser of `email`, which makes an object of each line and nested part."""
    outer = Message()
    outer["content-type"] = content_type
    boundary = outer.get_boundary()
    if outer.get_content_type() != "multipart/mixed" or not boundary:
        raise errors.InvalidArgument("A batch is a multipart/mixed body with a boundary, one call in each part.")
    mark = re.compile(rb"(?:\A|\r?\n)--%b(--)?[ \t]*(?=\r?\n|\Z)" % re.escape(boundary.encode("latin-1", "replace")))
    parts, start = [], None
    for found in mark.finditer(content):
        if start is not None:
            parts.append(content[start : found.start()])
        start = None if found[1] else found.end()
        if start is None or len(parts) > MOST:
            break
    if start is not None:
        parts.append(content[start:])
    if not 1 <= len(parts) <= MOST:
        raise errors.InvalidArgument(f"A batch holds 1 to {MOST} calls, but got {len(parts)}.")
    return [_part(part) for part in parts]


def _part(part: bytes) -> _Part:
    """The call in a part, whose own headers tell its id."""
    head, content = _split(part)
    own = dict(_headers(head.splitlines()))
    if own.get("content-transfer-encoding", "binary").lower() not in _PLAIN:
        raise errors.InvalidArgument(
            "The parts of a batch must not be encoded: Content-Transfer-Encoding must be binary."
        )
    return _Part(own.get("content-id", ""), content)


def _split(message: bytes) -> tuple[bytes, bytes]:
    """What stands before and after the first empty line. Raises `InvalidArgument` where that is long."""
    head, *rest = _HEAD.split(message, maxsplit=1)
    if len(head) > _HEAD_BYTES:
        raise errors.InvalidArgument(f"The head of a call in a batch is longer than {_HEAD_BYTES} bytes.")
    return head, b"".join(rest)


def _call(outer: Call, part: _Part) -> Call:
    """The call in one part. Raises `InvalidArgument` where there is none."""
    head, body = _split(part.content.lstrip())
    first, *lines = head.splitlines() or [b""]
    line = _LINE.fullmatch(first.strip())
    if line is None:
        raise errors.InvalidArgument("A part of a batch begins with VERB PATH HTTP/1.1.")
    verb, target = (group.decode("ascii", "backslashreplace") for group in line.groups())
    url = urlsplit(target)
    own = dict(_headers(lines))
    given = {name: value for name, value in outer.headers.items() if name not in _OWN}
    return Call(
        verb=verb,
        raw_path=url.path or "/",
        query=url.query,
        headers={**given, **{name: value for name, value in own.items() if name not in _OUTER}},
        receive=_body(body),
    )


def _headers(lines: list[bytes]) -> Iterator[tuple[str, str]]:
    for line in lines:
        name, _, value = line.decode("latin-1").partition(":")
        yield name.strip().lower(), value.strip()


def _body(content: bytes) -> Receive:
    left = [content]

    async def receive() -> bytes | None:
        return left.pop() if left else None

    return receive


async def _answer(call: Call, one: Respond, refuse: Refuse) -> Response:
    if answers_at(call) or call.raw_path.startswith(("/-/", "/upload/", "/resumable/", "/download/")):
        return refuse(call, errors.InvalidArgument("Uploads, downloads and batches have no place in a batch."))
    response = await one(call)
    if response.stored and response.status < 400:
        if isinstance(response.body, FilePart):
            response.body.file.close()
        return refuse(call, errors.InvalidArgument("The bytes of an object have no place in a batch."))
    return response


def _response_id(given: str) -> str:
    """`<response-ID>` for `<ID>`, on one line."""
    text = " ".join(given.split())
    return f"<response-{text[1:]}" if text.startswith("<") else f"response-{text}"


def _http(answer: Response) -> bytes:
    """The answer as text. Clients look for a header where there is no body, too: its length always stands there."""
    assert isinstance(answer.body, bytes)  # rendered, and no iterator
    status = HTTPStatus(answer.status).phrase if answer.status in set(HTTPStatus) else ""
    headers = {"content-length": str(len(answer.body)), **answer.headers}
    lines = [f"HTTP/1.1 {answer.status} {status}", *(f"{name.title()}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace") + answer.body
