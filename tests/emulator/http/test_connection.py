"""HTTP/1.1 as clients of all kinds speak it: raw sockets against a real server."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import threading
from collections.abc import Iterator
from typing import Any, cast
from urllib.parse import urlsplit

import pytest

from emulator.http.exchange import Exchange, Link
from emulator.http.request_head import Head
from tests.emulator.ml.caller import until
from tests.running import RunningEmulator

_HOST = b"host: localhost\r\n"
_CLOSE = b"connection: close\r\n\r\n"
LIST = b"/v1/projects/p/models"
OFFER = b"connection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABk\r\n"


@contextlib.contextmanager
def connected(emulator: RunningEmulator) -> Iterator[socket.socket]:
    """A connection."""
    parts = urlsplit(emulator.endpoint)
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=30) as connection:
        yield connection


def said(connection: socket.socket) -> bytes:
    """All that comes until the connection is closed."""
    return b"".join(iter(lambda: connection.recv(65536), b""))


def exchanged(emulator: RunningEmulator, request: bytes) -> bytes:
    """All that is answered to some bytes, until the server closes."""
    with connected(emulator) as connection:
        connection.sendall(request)
        return said(connection)


def statuses(answers: bytes) -> list[int]:
    """The status of each answer."""
    return [int(status) for status in re.findall(rb"HTTP/1\.1 ([0-9]{3}) ", answers)]


def body(answer: bytes) -> Any:
    """The JSON of the last answer."""
    return json.loads(answer.rpartition(b"\r\n\r\n")[2])


def create(project: str, framing: bytes, content: bytes) -> bytes:
    """A call that makes the model `m`, framed in some way."""
    head = b"POST /v1/projects/%b/models HTTP/1.1\r\n%b%b%b" % (project.encode(), _HOST, framing, _CLOSE)
    return head + content


ONE: list[tuple[str, bytes, int]] = [
    ("origin form", b"GET %b HTTP/1.1\r\n" % LIST, 200),
    ("absolute form, as to a proxy", b"GET http://localhost:1%b HTTP/1.1\r\n" % LIST, 200),
    ("absolute form with another host", b"GET http://example.com%b HTTP/1.1\r\n" % LIST, 403),
    ("another host beside", b"GET %b HTTP/1.1\r\nhost: example.com\r\n" % LIST, 400),
    ("absolute form without a path", b"GET http://localhost:1 HTTP/1.1\r\n", 302),
    ("a query", b"GET %b?pageSize=1 HTTP/1.1\r\n" % LIST, 200),
    ("an offer of another protocol", b"GET %b HTTP/1.1\r\nupgrade: h2c\r\nconnection: upgrade\r\n" % LIST, 200),
    ("HTTP/1.0", b"GET %b HTTP/1.0\r\n" % LIST, 200),
    ("a verb of nobody", b"BREW /pot HTTP/1.1\r\n", 400),
    ("a tunnel", b"CONNECT localhost:1 HTTP/1.1\r\n", 400),
    ("no HTTP", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n", 400),
    ("a length that is none", b"GET %b HTTP/1.1\r\ncontent-length: x\r\n" % LIST, 400),
    ("two lengths", b"GET %b HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 2\r\n" % LIST, 400),
    ("a head of 60 KiB", b"GET %b HTTP/1.1\r\nx: %b\r\n" % (LIST, bytes(60 << 10).replace(b"\0", b"x")), 200),
    ("a head of 70 KiB", b"GET %b HTTP/1.1\r\nx: %b\r\n" % (LIST, bytes(70 << 10).replace(b"\0", b"x")), 431),
    ("a length and chunks", b"POST %b HTTP/1.1\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n" % LIST, 400),
]


@pytest.mark.parametrize(("line", "status"), [row[1:] for row in ONE], ids=[row[0] for row in ONE])
def test_a_request_is_answered_once(emulator: RunningEmulator, line: bytes, status: int) -> None:
    """With JSON, a date and a length; then the connection is closed, as the client asks."""
    answer = exchanged(emulator, line + _HOST + _CLOSE)

    head, _, content = answer.partition(b"\r\n\r\n")
    assert statuses(answer) == [status]
    assert b"\r\ncontent-length: %d" % len(content) in head
    assert b"\r\nconnection: close" in head
    assert status in (200, 302) or body(answer)["error"]["code"] == status
    assert status in (400, 431) or b"\r\ndate: " in head


FRAMED: list[tuple[str, bytes, bytes]] = [
    ("a length", b"content-length: 13\r\n", b'{"name": "m"}'),
    ("chunks", b"transfer-encoding: chunked\r\n", b'4\r\n{"na\r\n9;x=y\r\nme": "m"}\r\n0\r\ntrailer: t\r\n\r\n'),
    ("an offer of another protocol", b"upgrade: h2c\r\ncontent-length: 13\r\n", b'{"name": "m"}'),
    ("one as curl --http2 makes it", OFFER + b"content-length: 13\r\n", b'{"name": "m"}'),
    ("one with chunks", OFFER + b"transfer-encoding: chunked\r\n", b'd\r\n{"name": "m"}\r\n0\r\n\r\n'),
]


@pytest.mark.parametrize(("framing", "content"), [row[1:] for row in FRAMED], ids=[row[0] for row in FRAMED])
def test_a_body_comes_in_every_framing(emulator: RunningEmulator, project: str, framing: bytes, content: bytes) -> None:
    """And in any pieces: byte by byte, too."""
    request = create(project, framing, content)
    with connected(emulator) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for place in range(len(request)):
            connection.sendall(request[place : place + 1])
        answer = said(connection)

    assert statuses(answer) == [200]
    assert body(answer)["name"] == f"projects/{project}/models/m"


def test_an_offer_of_another_protocol_is_passed_over(emulator: RunningEmulator, project: str) -> None:
    """Whole in one piece, too: what stands in the body is no request."""
    hidden = b"DELETE /v1/projects/%b/models/m HTTP/1.1\r\n%b\r\n" % (project.encode(), _HOST)
    calls = b"".join(
        b"POST /v1/projects/%b/models HTTP/1.1\r\n%b%bcontent-length: %d\r\n\r\n%b"
        % (project.encode(), _HOST, OFFER, len(content), content)
        for content in (b'{"name": "m"}', hidden)
    )

    answers = exchanged(
        emulator, calls + b"GET /v1/projects/%b/models/m HTTP/1.1\r\n" % project.encode() + _HOST + _CLOSE
    )

    assert statuses(answers) == [200, 400, 200]


def test_many_small_chunks_leave_no_room_for_long_trailers(emulator: RunningEmulator) -> None:
    """What the lines of chunks take is allowed for each of them, not for what comes later."""
    chunks, trailers = b"1\r\n \r\n" * 100_000 + b"0\r\n", b"a: b\r\n" * 80_000
    post = b"POST %b HTTP/1.1\r\n%btransfer-encoding: chunked\r\n%b" % (LIST, _HOST, _CLOSE)

    assert statuses(exchanged(emulator, post + chunks + b"\r\n")) == [400]
    assert statuses(exchanged(emulator, post + chunks + trailers + b"\r\n")) == [431]


def test_many_offers_that_come_together_are_passed_over(emulator: RunningEmulator) -> None:
    """The bytes of each count once: none is too long."""
    calls = b"".join(b"GET %b HTTP/1.1\r\n%b%b\r\n" % (LIST, _HOST, OFFER) for _ in range(200))

    answers = exchanged(emulator, calls + b"GET %b HTTP/1.1\r\n%b%b" % (LIST, _HOST, _CLOSE))

    assert statuses(answers) == [200] * 201


def test_requests_that_come_together_are_answered_in_their_order(emulator: RunningEmulator, project: str) -> None:
    """Each sees what the one before did; the last one ends the connection."""
    path = f"/v1/projects/{project}/models".encode()
    get = b"GET %b/m HTTP/1.1\r\n%b" % (path, _HOST)
    made = b'POST %b HTTP/1.1\r\n%bcontent-length: 13\r\n\r\n{"name": "m"}' % (path, _HOST)

    answers = exchanged(emulator, get + b"\r\n" + made + get + _CLOSE + get + b"\r\n")

    assert statuses(answers) == [404, 200, 200]
    assert body(answers)["name"] == f"projects/{project}/models/m"


BROKEN: list[tuple[str, bytes]] = [
    ("no HTTP", b"\x16\x03\x01\x02\x00\r\n\r\n"),
    ("chunks that are none", b"POST %b HTTP/1.1\r\n%btransfer-encoding: chunked\r\n\r\nzz" % (LIST, _HOST)),
    ("a head that is too long", b"GET /?%b HTTP/1.1\r\n%b\r\n" % (b"x" * (70 << 10), _HOST)),
]


@pytest.mark.parametrize("broken", [row[1] for row in BROKEN], ids=[row[0] for row in BROKEN])
def test_what_is_no_request_takes_nothing_from_those_before(
    emulator: RunningEmulator, project: str, broken: bytes
) -> None:
    """They are answered, in their order; then it is refused, and the connection ends: what follows is not read."""
    path = f"/v1/projects/{project}/models".encode()
    made = b'POST %b HTTP/1.1\r\n%bcontent-length: 13\r\n\r\n{"name": "m"}' % (path, _HOST)
    get = b"GET %b/m HTTP/1.1\r\n%b\r\n" % (path, _HOST)

    answers = exchanged(emulator, made + get + broken + get)

    assert statuses(answers)[:2] == [200, 200]
    assert [status // 100 for status in statuses(answers)] == [2, 2, 4]


def test_a_body_is_asked_for_where_the_client_waits(emulator: RunningEmulator, project: str) -> None:
    """`Expect: 100-continue` gets its 100 when the body is read; where nobody reads it, the end of the connection."""
    with connected(emulator) as connection:
        connection.sendall(create(project, b"content-length: 13\r\nexpect: 100-continue\r\n", b""))
        asked = connection.recv(65536)
        connection.sendall(b'{"name": "m"}')
        answer = said(connection)
    unread = b"POST /v2/nothing HTTP/1.1\r\n%bcontent-length: 13\r\nexpect: 100-continue\r\n\r\n" % _HOST

    assert asked == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert statuses(answer) == [200]
    assert statuses(exchanged(emulator, unread)) == [404]


def test_a_body_that_nobody_reads_is_passed_over(emulator: RunningEmulator) -> None:
    """The next request on the connection is answered as ever."""
    unread = b"POST /v2/nothing HTTP/1.1\r\n%bcontent-length: 3000000\r\n\r\n" % _HOST + b"x" * 3_000_000

    answers = exchanged(emulator, unread + b"GET %b HTTP/1.1\r\n" % LIST + _HOST + _CLOSE)

    assert statuses(answers) == [404, 200]


def test_a_head_alone_is_answered_without_a_body(emulator: RunningEmulator) -> None:
    """The connection goes on: nothing of the body is taken for an answer."""
    head = b"HEAD /console HTTP/1.1\r\n" + _HOST

    answers = exchanged(emulator, head + b"\r\n" + head + _CLOSE)

    assert statuses(answers) == [200, 200]
    assert answers.endswith(b"\r\n\r\n")


class _Sink:
    """A connection that keeps what is sent."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.write = self.sent.append

    def date(self) -> str:
        return "now"


def test_a_text_with_line_breaks_is_no_header() -> None:
    """It would end the header, and begin one of its own: nothing of such an answer is sent."""
    link = _Sink()
    exchange = Exchange(cast("Link", link), Head(verb="GET", raw_path="/", query="", headers={}))

    with pytest.raises(ValueError, match="x-stored holds control characters"):
        exchange.start(200, {"x-stored": "a\r\nset-cookie: b=c"})

    assert (link.sent, exchange.started) == ([], False)


def test_an_answer_that_is_under_way_is_not_broken_off(emulator_factory: Any) -> None:
    """Told to stop, the server takes no new connection, answers what it has, closes, and ends."""
    emulator = emulator_factory()
    emulator.faults({"method": "ml.projects.models.list", "delay": 0.3})
    with connected(emulator) as idle, connected(emulator) as busy:
        busy.sendall(b"GET %b HTTP/1.1\r\n" % LIST + _HOST + b"\r\n")
        until(emulator.is_faulted, "the call has begun")
        codes: list[int] = []
        stopping = threading.Thread(target=lambda: codes.append(emulator.stop()))
        stopping.start()
        answer, nothing = said(busy), said(idle)
        stopping.join(30)

    assert statuses(answer) == [200]
    assert (nothing, codes) == (b"", [0])
