"""Many peers that send a part each and then stand still: what they take together, and for how long."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import pytest

from tests.emulator.http.bounds.peers import Memory, connected, send, statuses
from tests.emulator.ml.caller import until
from tests.running import RunningEmulator

_PEERS = 300
_HOST = b"host: localhost\r\n"
_LONG = b"content-length: 99999999\r\n\r\n"
_MODELS = b"POST /v1/projects/p/models HTTP/1.1\r\n" + _HOST
_UPLOAD = b"POST /upload/storage/v1/b/held/o?name=o&uploadType="
_MULTIPART = _UPLOAD + b"multipart HTTP/1.1\r\n" + _HOST + b"content-type: multipart/related; boundary=b\r\n"

HELD: list[tuple[str, bytes, bytes, int, float]] = [
    ("a head", b"GET / HTTP/1.1\r\nx: ", b"x", 60_000, 80),
    ("many small headers", b"GET / HTTP/1.1\r\n", b"a: b\r\n", 5_900, 80),
    ("trailers", _MODELS + b"transfer-encoding: chunked\r\n\r\n0\r\n", b"a: b\r\n", 60_000, 80),
    ("a JSON body", _MODELS + _LONG, b" ", 2_000_000, 450),
    ("a JSON body in small chunks", _MODELS + b"transfer-encoding: chunked\r\n\r\n", b"2\r\n  \r\n", 30_000, 60),
    ("a prediction", b"POST /v1/projects/p/models/m:predict HTTP/1.1\r\n" + _HOST + _LONG, b" ", 1_400_000, 450),
    ("an upload", _UPLOAD + b"media HTTP/1.1\r\n" + _HOST + _LONG, b"x", 900_000, 250),
    ("the metadata of an upload", _MULTIPART + _LONG + b"--b\r\n\r\n", b" ", 200_000, 150),
    ("the metadata of a session", _UPLOAD + b"resumable HTTP/1.1\r\n" + _HOST + _LONG, b" ", 900_000, 450),
]


@pytest.fixture
def peer(emulator_factory: Callable[..., RunningEmulator]) -> RunningEmulator:
    """An emulator whose memory is looked at, with a bucket and a model."""
    running = emulator_factory()
    running.storage().buckets().insert(project="p", body={"name": "held"}).execute()
    running.ml().projects().models().create(parent="projects/p", body={"name": "m"}).execute()
    return running


@pytest.mark.parametrize(
    ("beginning", "piece", "size", "most"), [row[1:] for row in HELD], ids=[row[0] for row in HELD]
)
def test_many_that_stand_still_take_little_together(
    peer: RunningEmulator, beginning: bytes, piece: bytes, size: int, most: float
) -> None:
    """Others are answered meanwhile, and afterwards a large body is read again."""
    memory = Memory(peer.pid)
    content = (piece * (size // len(piece) + 1))[:size]

    with contextlib.ExitStack() as opened:
        for _ in range(_PEERS):
            connection = opened.enter_context(connected(peer))
            send(connection, beginning + content, b" ", 1)
        assert peer.status()["models"] == 1
        grown = memory.grown()
    large = _MODELS + b"connection: close\r\ncontent-length: 7000000\r\n\r\n" + b" " * 7_000_000

    def answered() -> list[int]:
        with connected(peer) as connection:
            connection.sendall(large)
            return statuses(connection)

    assert grown < most
    until(lambda: answered() == [400], "what the others held is given back")


def test_a_body_that_goes_on_after_its_answer_is_cut_off(emulator_factory: Callable[..., RunningEmulator]) -> None:
    """The rest of the body is discarded for one to two client timeouts, then the connection is closed."""
    peer = emulator_factory("--client-seconds", "0.5")
    nowhere = b"POST /v2 HTTP/1.1\r\n" + _HOST + b"content-length: 999999999999\r\n\r\n"

    with connected(peer) as connection:
        sent = send(connection, nowhere, b"x", 10**12, deaf=True)
        answered = statuses(connection)

    assert answered in ([404], [])  # cut off, the answer may be lost
    assert 0 < sent < 10**11
    assert peer.status()["models"] == 0
