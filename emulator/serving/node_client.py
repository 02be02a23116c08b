"""The server's side of one node: sends requests, matches responses, and stops the node."""

from __future__ import annotations

import asyncio
import dataclasses
import socket
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from emulator.core.node_limits import Machine
from emulator.core.predictions import LOAD, REFUSED, Answer, LoadFailed, OutputStyle
from emulator.serving import message_frames, process_control
from emulator.serving.chunks.chunk_options import ChunkOptions
from emulator.serving.scaling_policy import Meter
from emulator.serving.template_client import Template, TemplateError
from gcp import errors

_REQUEST_OVERHEAD = 1024
_SEND_BUFFER = 1 << 20
"""Socket buffer in bytes, as far as the system allows, so that large requests need fewer writes."""
_PIECES = 1024
"""Above this number, pieces are joined: the event loop closes a transport that gets a million of them."""
_GRACE = 2.0
"""Seconds between the closing of a node's socket and SIGKILL."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """How nodes run; see `Serving`, and `node_process.main` for `chunks` and `samples`."""

    threads: int
    style: OutputStyle
    sandbox: Collection[str]
    load_timeout: float
    predict_timeout: float
    pending_bytes: int
    machine: Machine | None = None
    chunks: ChunkOptions | None = None
    samples: bool = False


Done = Callable[[Answer | errors.ApiError], None]
"""Called with a response or an error."""


@dataclass(slots=True)
class Pending:
    """A pending request of a node.

    Attributes:
        done: called with the response; None if nobody waits any more.
        answers_before: how many responses the node had sent when the request came.
        size: in bytes.
        deadline: when it times out, on the loop's clock.
    """

    done: Done | None
    answers_before: int
    size: int
    deadline: float

    def settle(self, answer: Answer | errors.ApiError) -> None:
        """Passes the response or error to `done`, once."""
        done, self.done = self.done, None
        if done:
            done(answer)


class Node(asyncio.Protocol):
    """A node that has loaded its model, or is loading it. Created by `launch`.

    Attributes:
        pid: of its process.
        closed: done when the process's socket is closed; from then on, it accepts no requests.
    """

    def __init__(self, settings: Settings, meter: Meter) -> None:
        loop = asyncio.get_running_loop()
        self.pid = 0
        self.closed: asyncio.Future[None] = loop.create_future()
        self._loop = loop
        self._settings = settings
        self._meter = meter
        self._hello: asyncio.Future[Answer] = loop.create_future()
        self._splitter = message_frames.Splitter()
        self._pending: dict[int, Pending] = {}
        self._pending_bytes = 0
        self._last_number = 0
        self._answers = 0
        self._outgoing: list[bytes] = []
        self._timer: asyncio.TimerHandle | None = None
        self._idle: asyncio.Future[None] | None = None
        self._stopped = ""
        self._ended = ""  # the error for requests after the node has ended

    @property
    def load(self) -> int:
        """How many requests are pending."""
        return len(self._pending)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by the event loop."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's does not derive from it

    def data_received(self, data: bytes) -> None:
        """Called by the event loop."""
        self._answers += 1
        busy = bool(self._pending)
        for number, kind, content in self._messages(data):
            pending = self._pending.pop(number, None)
            if pending:
                self._pending_bytes -= pending.size
                pending.settle(Answer(kind, content))
            elif number == 0 and not self._hello.done():
                self._hello.set_result(Answer(kind, content))
        if busy and not self._pending:
            self._meter.change(-1)
            if self._idle and not self._idle.done():
                self._idle.set_result(None)

    def _messages(self, data: bytes) -> list[message_frames.Message]:
        try:
            return self._splitter.feed(data)
        except message_frames.TooLong:
            self._stopped = "was stopped, because a response exceeded 64 MB"
            self._transport.abort()
            return []

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # the protocol's signature
        """Called by the event loop."""
        self.closed.set_result(None)
        if self._timer:
            self._timer.cancel()
        if self._idle and not self._idle.done():
            self._idle.set_result(None)

    async def ask(self, body: bytes) -> Answer:
        """Sends one request and returns its response. Raises what `submit` raises or passes to `done`."""
        future: asyncio.Future[Answer] = self._loop.create_future()

        def done(answer: Answer | errors.ApiError) -> None:
            if future.done():  # nobody waits any more
                return
            if isinstance(answer, Answer):
                future.set_result(answer)
            else:
                future.set_exception(answer)

        pending = self.submit([body], done)
        try:
            return await future
        finally:
            pending.done = None  # whoever waited may have been cancelled

    def submit(self, body: Sequence[bytes], done: Done) -> Pending:
        """Sends one request, whose body may be in pieces, and calls `done` with the response.

        If there is none within the predict timeout, `done` gets `errors.DeadlineExceeded`; a node that has not
        responded to anything for that long is killed. If the node ends before, `done` gets `errors.Unavailable`.

        Raises:
            errors.ResourceExhausted: too many requests are waiting for this node.
        """
        if self._ended:
            late = Pending(done, self._answers, 0, 0.0)
            self._loop.call_soon(late.settle, errors.Unavailable(self._ended))
            return late
        length = sum(map(len, body))
        size = length + _REQUEST_OVERHEAD
        if self._pending and self._pending_bytes + size > self._settings.pending_bytes:
            raise errors.ResourceExhausted("Too many predictions are waiting for this version. Send fewer at a time.")
        if not self._pending:
            self._meter.change(1)
        self._last_number += 1
        number = self._last_number
        deadline = self._loop.time() + self._settings.predict_timeout
        pending = self._pending[number] = Pending(done, self._answers, size, deadline)
        self._pending_bytes += size
        if not self._outgoing:
            self._loop.call_soon(self._flush)
        self._outgoing += [message_frames.head(number, length), *body]
        if self._timer is None:
            self._timer = self._loop.call_at(deadline, self._expire)
        return pending

    def _flush(self) -> None:
        """Sends all requests of one iteration of the event loop in one write, so that the node can batch them."""
        outgoing, self._outgoing = self._outgoing, []
        if not self.closed.done():
            self._transport.writelines(outgoing if len(outgoing) <= _PIECES else [b"".join(outgoing)])

    def fail_pending(self, reason: str) -> None:
        """Fails pending and future requests, as the node ended. `reason` continues "The node that ran this ..."."""
        reason = self._stopped or reason
        self._ended = f"The node that ran this prediction {reason}. Another one replaces it; try again."
        for pending in self._pending.values():
            pending.settle(errors.Unavailable(self._ended))
        if self._pending:
            self._meter.change(-1)
        self._pending.clear()

    def _expire(self) -> None:
        """Times out overdue requests, and sets the timer to the next deadline: one timer serves all requests."""
        self._timer = None
        now, timeout = self._loop.time(), self._settings.predict_timeout
        for pending in list(self._pending.values()):  # in the order of their deadlines
            if pending.deadline > now:
                self._timer = self._loop.call_at(pending.deadline, self._expire)
                return
            pending.settle(errors.DeadlineExceeded(f"The model gave no prediction within {timeout:g} s."))
            if self._answers == pending.answers_before:
                self._stopped = f"was stopped, because it did not respond for {timeout:g} s"
                # Closing makes this node's owner kill and replace it: it may be stuck in TensorFlow.
                self._transport.abort()
                return

    async def hello(self) -> None:
        """Waits until the model is loaded. Raises `LoadFailed` if the node reports why it is not."""
        timeout = self._settings.load_timeout
        futures: list[asyncio.Future[Answer] | asyncio.Future[None]] = [self._hello, self.closed]
        await asyncio.wait(futures, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        if not self._hello.done():
            raise _NoHello(None if self.closed.done() else f"it took longer than {timeout:g} s")
        kind, content = self._hello.result()
        if kind == REFUSED:
            raise LoadFailed(self._settings.style.error(LOAD, content.decode()))

    async def drained(self, timeout: float) -> None:
        """Waits, for at most `timeout` seconds, until no caller waits for a response."""
        awaited = any(pending.done for pending in self._pending.values())
        if awaited and not self.closed.done():
            self._idle = self._loop.create_future()
            await asyncio.wait([self._idle], timeout=timeout)

    def close(self) -> None:
        """Closes the socket; the node exits when it next reads from it."""
        self._transport.abort()


class _NoHello(Exception):
    """The node did not say whether it loaded the model. The argument says why; None if it ended."""


async def launch(template: Template, folder: Path, settings: Settings, meter: Meter) -> Node:
    """Forks a node and waits until it serves `folder`; `meter` counts its work.

    Raises:
        LoadFailed: it could not load the model. Its process has ended.
    """
    ours, theirs = socket.socketpair()
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
    loop = asyncio.get_running_loop()
    _, node = await loop.create_unix_connection(lambda: Node(settings, meter), sock=ours)
    try:
        node.pid = await template.fork(theirs, _options(folder, settings))
        await node.hello()
    except TemplateError as exc:
        node.close()
        raise LoadFailed(settings.style.error(LOAD, str(exc))) from exc
    except _NoHello as exc:
        slow = exc.args[0]
        status = await end(template, node)
        why = slow or f"the process that loaded it {process_control.describe_end(status)}"
        raise LoadFailed(settings.style.error(LOAD, why)) from exc
    except BaseException:
        await end(template, node)
        raise
    return node


def _options(folder: Path, settings: Settings) -> dict[str, Any]:
    """The options of `node_process.main`. Paths are absolute, as the node runs in another working directory."""
    machine = settings.machine
    return {
        "folder": str(folder.absolute()),
        "threads": max(settings.threads, machine.threads) if machine else settings.threads,
        "style": dataclasses.asdict(settings.style),
        "sandbox": list(settings.sandbox),
        "cores": machine.cores if machine else None,
        "memory": machine.memory if machine else None,
        "chunks": dataclasses.asdict(settings.chunks) if settings.chunks else None,
        "samples": settings.samples,
    }


async def end(template: Template, node: Node) -> int | None:
    """Kills a node's process and waits for its end; returns the wait status, if known."""
    node.close()
    status = await template.ended(node.pid, _GRACE if node.load == 0 else 0)
    if status is None and not template.has_ended(node.pid):
        await template.kill(node.pid)
        status = await template.ended(node.pid, _GRACE)
    template.forget(node.pid)
    return status
