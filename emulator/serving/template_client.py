"""The front's end of the template process: starts it, has it fork nodes, hears how they ended."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

from emulator.serving import message_frames

_ROOT = Path(__file__).parents[2]
_ENVIRONMENT = {
    "CUDA_VISIBLE_DEVICES": "-1",  # a forked process cannot share its parent's GPU state
    "OPENBLAS_NUM_THREADS": "1",  # numpy starts threads at import otherwise, and a fork copies only one
    "OMP_NUM_THREADS": "1",
    "PYTHONUNBUFFERED": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
}
# A SavedModel can read the environment of its process: only what Python and TensorFlow go by is handed on.
_HANDED_ON = ("LANG", "LC_ALL", "LD_LIBRARY_PATH", "TF_ENABLE_ONEDNN_OPTS")
_HANDED_ON_PREFIX = "PYTHON"

_GRACE = 5.0
"""Seconds that nodes which were killed have until they are gone."""


class TemplateError(Exception):
    """The template process is gone or never became ready. The text is a clause without a full stop."""


class Template:
    """One template process. Starts on `start`, or at the first `fork`; not started twice.

    Args:
        timeout: seconds that the import of TensorFlow may take.
    """

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout
        self._process: subprocess.Popen[bytes] | None = None
        self._listener: asyncio.Task[None] | None = None
        self._ready: asyncio.Future[None] | None = None
        self._reply: asyncio.Future[dict[str, Any]] | None = None
        self._order = asyncio.Lock()
        self._ends: dict[int, asyncio.Future[int | None]] = {}

    @property
    def gone(self) -> bool:
        """Whether the process was started and has ended."""
        return self._listener is not None and self._listener.done()

    @property
    def pid(self) -> int | None:
        """The process's pid, None before it is started."""
        return self._process.pid if self._process else None

    async def start(self) -> None:
        """Starts the process and returns while it still imports TensorFlow."""
        if self._process:
            return
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = self._spawn(theirs)
        # Descriptors travel by `sendmsg`, which streams do not offer; both share one socket.
        self._sender = ours.dup()
        self._ready = asyncio.get_running_loop().create_future()
        reader, self._writer = await asyncio.open_connection(sock=ours)
        self._listener = asyncio.create_task(self._listen(reader))

    def _spawn(self, theirs: socket.socket) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "emulator.serving.template_process", str(theirs.fileno()), str(os.getpid())]
        return subprocess.Popen(
            command,
            cwd=_ROOT,
            env=_handed_on() | _ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            pass_fds=[theirs.fileno()],
            start_new_session=True,  # Ctrl-C in a terminal is for the front, which then ends the rest
        )

    async def fork(self, end: socket.socket, options: dict[str, Any]) -> int:
        """Forks a node that owns `end`, which is closed here; returns its pid. Raises `TemplateError`."""
        # Shielded: an order that was sent has its reply read, also when nobody waits for it any more.
        return await asyncio.shield(self._fork(end, options))

    async def _fork(self, end: socket.socket, options: dict[str, Any]) -> int:
        with end:
            await self._wait_ready()
            reply = await self._send({"fork": options}, [end.fileno()])
        pid: int = reply["forked"]
        return pid

    async def kill(self, pid: int) -> None:
        """Kills a node; no error if it has ended."""
        with contextlib.suppress(TemplateError):
            await asyncio.shield(self._send({"kill": pid}, []))

    async def ended(self, pid: int, timeout: float) -> int | None:
        """Waits until a node has ended: its wait status, or None if that is not known within `timeout` seconds."""
        future = self._ends.get(pid)
        if future is None:
            return None
        done, _ = await asyncio.wait([future], timeout=timeout)
        return future.result() if done else None

    def has_ended(self, pid: int) -> bool:
        """Whether a node is known to have ended."""
        return pid not in self._ends or self._ends[pid].done()

    def forget(self, pid: int) -> None:
        """Drops what is kept about a node."""
        self._ends.pop(pid, None)

    async def stop(self) -> None:
        """Ends the process, and with it every node; waits until it is gone."""
        if self._process is None or self._listener is None:
            return
        nodes = {pid: end for pid, end in self._ends.items() if not end.done()}
        if nodes:  # the kernel ends them with the template, but nobody would know when
            ended = asyncio.gather(*map(self.kill, nodes), *nodes.values())
            await asyncio.wait([ended], timeout=_GRACE)
        self._process.kill()
        await asyncio.wait([self._listener])

    async def _wait_ready(self) -> None:
        await self.start()
        assert self._ready is not None
        done, _ = await asyncio.wait([self._ready], timeout=self._timeout)
        if not done:
            raise TemplateError(f"TensorFlow was not imported within {self._timeout:g} s")
        self._ready.result()

    async def _send(self, order: dict[str, Any], descriptors: list[int]) -> dict[str, Any]:
        # One order at a time: the socket is empty before each, so a small message is taken whole and at once.
        async with self._order:
            if self.gone:
                raise TemplateError("the serving process has ended")
            self._reply = asyncio.get_running_loop().create_future()
            message = message_frames.pack(0, json.dumps(order).encode())
            try:
                socket.send_fds(self._sender, [message], descriptors)
            except OSError as exc:
                raise TemplateError("the serving process has ended") from exc
            return await self._reply

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        splitter = message_frames.Splitter()
        try:
            while data := await reader.read(message_frames.CHUNK):
                for _, _, content in splitter.feed(data):
                    self._hear(json.loads(content))
        except ConnectionError:
            pass  # the process was killed with an order unread: the same as its end
        finally:
            self._close()
        assert self._process is not None
        await asyncio.to_thread(self._process.wait)

    def _hear(self, message: dict[str, Any]) -> None:
        assert self._ready is not None
        if "ended" in message:
            _settle(self._ends.get(message["ended"]), message["status"])
        elif "failed" in message:
            _fail(self._ready, message["failed"])
        elif "ready" in message:
            _settle(self._ready, None)
        else:
            if "forked" in message:
                self._ends[message["forked"]] = asyncio.get_running_loop().create_future()
            _settle(self._reply, message)

    def _close(self) -> None:
        self._writer.close()
        self._sender.close()
        for future in (self._ready, self._reply):
            _fail(future, "the serving process has ended")
        for end in self._ends.values():
            _settle(end, None)


def _handed_on() -> dict[str, str]:
    return {
        name: value for name, value in os.environ.items() if name in _HANDED_ON or name.startswith(_HANDED_ON_PREFIX)
    }


def _settle(future: asyncio.Future[Any] | None, value: Any) -> None:
    if future is not None and not future.done():
        future.set_result(value)


def _fail(future: asyncio.Future[Any] | None, reason: str) -> None:
    if future is not None and not future.done():
        future.set_exception(TemplateError(reason))
        future.exception()  # nobody may be waiting, and that is no fault
