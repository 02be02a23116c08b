"""The server without an emulator behind it: whoever answers at once, and whoever lets it wait."""

from __future__ import annotations

import asyncio
import contextlib
import socket

from emulator.http.exchange import HIGH_WATER, Disconnected, Exchange
from emulator.http.server import Answer, FastPath, HttpServer

_HEAD = b"POST /x HTTP/1.1\r\nhost: localhost\r\ncontent-length: %d\r\n\r\n"
_HEADERS = {"content-length": "2"}
_BOUND = 30.0


async def _never(exchange: Exchange) -> None:
    raise AssertionError(exchange.head)


def _neither(exchange: Exchange) -> bool | None:
    del exchange
    return False


async def _exchanged(request: bytes, *, answer: Answer = _never, fast_path: FastPath = _neither) -> bytes:
    """What a client receives that sends some bytes and waits for the end; then the server is stopped."""
    stop, listener = asyncio.Event(), socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    serving = asyncio.create_task(HttpServer(answer, fast_path, seconds=_BOUND).serve(listener, stop))
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    await writer.drain()
    heard = await reader.readuntil(b"ok")
    stop.set()
    heard += await reader.read()
    writer.close()
    await serving
    return heard


def test_requests_are_answered_fast_path_one_after_the_other() -> None:
    """Without a task: several in one piece, each when its turn comes; one in two pieces when it is whole."""
    bodies: list[bytes] = []

    def fast_path(exchange: Exchange) -> bool | None:
        if not exchange.whole:
            return None
        bodies.append(exchange.body())
        exchange.answer(200, _HEADERS, b"ok")
        return True

    request = b"".join(_HEAD % 3 + body for body in (b"one", b"two", b"six"))
    heard = asyncio.run(asyncio.wait_for(_exchanged(request, fast_path=fast_path), _BOUND))

    assert bodies == [b"one", b"two", b"six"]
    assert heard.count(b"HTTP/1.1 200 OK\r\n") == heard.count(b"\r\n\r\nok") == 3


def test_a_body_waits_for_who_answers() -> None:
    """No more of it is read than is taken: the client is held, whatever it sends."""
    seen: list[int] = []

    async def answer(exchange: Exchange) -> None:
        while (piece := await exchange.receive()) is not None:
            seen.append(len(piece))
            for _ in range(20):  # turns of the loop in which more could be read
                await asyncio.sleep(0)
        exchange.start(200, _HEADERS)
        await exchange.write(b"ok")
        exchange.end()

    size = 64 * HIGH_WATER
    asyncio.run(asyncio.wait_for(_exchanged(_HEAD % size + bytes(size), answer=answer), _BOUND))

    assert sum(seen) == size
    assert max(seen) < 4 * HIGH_WATER


def test_an_answer_waits_for_the_client() -> None:
    """The memory for a client that reads nothing is limited; the writer learns that the client is gone."""
    written: list[int] = []

    async def answer(exchange: Exchange) -> None:
        exchange.start(200, {})
        with contextlib.suppress(Disconnected):
            while True:
                await exchange.write(bytes(HIGH_WATER))
                written.append(HIGH_WATER)

    async def whole() -> None:
        stop, listener = asyncio.Event(), socket.create_server(("127.0.0.1", 0))
        serving = asyncio.create_task(HttpServer(answer, _neither, seconds=_BOUND).serve(listener, stop))
        with socket.create_connection(listener.getsockname()) as client:
            client.sendall(_HEAD % 0)
            before = -1
            while before != len(written) or not written:
                before = len(written)
                for _ in range(1000):
                    await asyncio.sleep(0)
        stop.set()
        await serving

    asyncio.run(asyncio.wait_for(whole(), _BOUND))

    assert sum(written) < 64 << 20


def test_requests_wait_for_a_client_that_takes_no_answers() -> None:
    """Where it is answered at once, too: the next one begins when the client has taken what it was answered."""
    answered: list[int] = []

    def fast_path(exchange: Exchange) -> bool | None:
        answered.append(HIGH_WATER)
        exchange.answer(200, {"content-length": str(HIGH_WATER)}, bytes(HIGH_WATER))
        return True

    async def whole() -> None:
        stop, listener = asyncio.Event(), socket.create_server(("127.0.0.1", 0))
        serving = asyncio.create_task(HttpServer(_never, fast_path, seconds=_BOUND).serve(listener, stop))
        reader, writer = await asyncio.open_connection(*listener.getsockname(), limit=1024)
        writer.write(_HEAD % 0 * 512)
        before = -1
        while before != len(answered) or not answered:
            before = len(answered)
            for _ in range(1000):
                await asyncio.sleep(0)
        held.append(before)
        for _ in range(512):
            await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(HIGH_WATER)
        stop.set()
        writer.close()
        await serving

    held: list[int] = []
    asyncio.run(asyncio.wait_for(whole(), _BOUND))

    assert held[0] < 256
    assert len(answered) == 512
