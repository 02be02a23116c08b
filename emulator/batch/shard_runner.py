"""Runs the shards of a job on nodes. Knows neither the API nor the database."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from emulator.batch import input_shards, shard_results
from emulator.batch.input_shards import Shard
from emulator.batch.job_errors import JobFailed
from emulator.batch.shard_results import Result
from emulator.core.node_limits import cores_here
from emulator.core.predictions import TOO_LONG, Answer, LoadFailed, OutputStyle
from emulator.serving import Serving
from emulator.serving.chunks import row_formats
from emulator.serving.chunks.chunk_options import ChunkOptions
from emulator.serving.chunks.malformed_input import MalformedInput
from emulator.serving.node_client import Node
from gcp import errors

_TRIES = 4
"""Attempts per shard before its job fails: a node may be killed for reasons other than the rows."""
_AHEAD = 2
"""Chunks that a node holds: the one it works on, and the next one."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """A shard, and where its rows come from and go to.

    Attributes:
        number: of the shard in its job.
        shard: the bytes of the input file.
        source: the input file.
        named: the input file, as an error names it.
        target: the file that its lines are written to; what is there is overwritten. Rejected rows go beside it, see
            `results.rejected_file`.
    """

    number: int
    shard: Shard
    source: Path
    named: str
    target: Path


Kept = Callable[[Part, Result, float], Awaitable[None]]
"""Called once a shard's file is complete, with its result and its duration in seconds."""


class Runner:
    """Runs parts.

    Args:
        nodes: run the model.
        model: the folder of the SavedModel.
        options: how rows are read and results are written.
        workers: nodes at most.
        kept: is awaited for each part.
        style: how predictions are written; that of `nodes` by default.
    """

    def __init__(
        self,
        nodes: Serving,
        model: Path,
        options: ChunkOptions,
        *,
        workers: int,
        kept: Kept,
        style: OutputStyle | None = None,
    ) -> None:
        self._style = style
        self._nodes, self._model, self._options, self._kept = nodes, model, options, kept
        self._workers = workers
        self._tries: Counter[int] = Counter()

    async def run(self, parts: Iterable[Part]) -> None:
        """Runs the shards, on at most as many nodes as there are cores. Raises `JobFailed`."""
        left = deque(parts)
        count = min(self._workers, len(left), cores_here())
        workers = [asyncio.create_task(self._work(left)) for _ in range(count)]
        try:
            await asyncio.gather(*workers)
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)

    async def _work(self, left: deque[Part]) -> None:
        """One worker: uses a node, and replaces it if it ends, until no shard is left."""
        while left:
            with contextlib.suppress(_Again):
                await self._with_node(left)

    async def _with_node(self, left: deque[Part]) -> None:
        try:
            async with self._nodes.worker(self._model, self._options, self._style) as node:
                while left:
                    await self._part(left, node)
        except LoadFailed as exc:
            raise JobFailed(str(exc)) from exc

    async def _part(self, left: deque[Part], node: Node) -> None:
        part = left.popleft()
        self._tries[part.number] += 1
        try:
            await self._one(part, node)
        except (errors.Unavailable, errors.DeadlineExceeded) as exc:
            if self._tries[part.number] == _TRIES:
                raise JobFailed(f"Shard {part.number} failed {_TRIES} times; the last time: {exc.message}") from exc
            left.appendleft(part)
            raise _Again from exc

    async def _one(self, part: Part, node: Node) -> None:
        began, result = time.monotonic(), Result()
        rejected = shard_results.rejected_file(part.target)
        rejected.unlink(missing_ok=True)  # left by a node that died while writing it
        with part.target.open("wb", buffering=0) as file:
            async for answer in self._answers(part, node):
                await asyncio.to_thread(result.take, answer, file, rejected)
        await self._kept(part, result, time.monotonic() - began)

    async def _answers(self, part: Part, node: Node) -> AsyncIterator[bytes]:
        """The answers to the chunks of a part, in order."""
        chunks = input_shards.chunks(part.source, part.shard, self._options.row_format)
        asked: deque[tuple[bytes, asyncio.Task[Answer]]] = deque()
        try:
            while chunk := await _next(chunks, part):
                asked.append((chunk, asyncio.create_task(node.ask(chunk))))
                if len(asked) >= _AHEAD:
                    async for answer in self._whole(*asked.popleft(), node):
                        yield answer
            while asked:
                async for answer in self._whole(*asked.popleft(), node):
                    yield answer
        finally:
            for _, task in asked:
                task.cancel()
            await asyncio.gather(*(task for _, task in asked), return_exceptions=True)

    async def _whole(self, chunk: bytes, task: asyncio.Task[Answer], node: Node) -> AsyncIterator[bytes]:
        """The response to a chunk, or to its halves if the response is too long for one message."""
        kind, content = await task
        if kind != TOO_LONG:
            yield content
            return
        for half in row_formats.halves(chunk, self._options.row_format):
            async for piece in self._whole(half, asyncio.create_task(node.ask(half)), node):
                yield piece


class _Again(Exception):
    """The node ended in the middle of a shard, which another node gets."""


async def _next(chunks: Iterator[bytes], part: Part) -> bytes:
    """The next chunk; empty after the last one."""
    try:
        return await asyncio.to_thread(next, chunks, b"")
    except MalformedInput as exc:
        raise JobFailed(f"{part.named}: {exc}.") from exc
