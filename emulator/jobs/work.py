"""One job from its files to its results. It may be run again at any moment: what is whole is not run twice."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sqlite3
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any

from emulator.jobs import inputs, shards, tables
from emulator.jobs.failures import Damaged, JobFailed
from emulator.jobs.shards import Shard
from emulator.operations import insist
from emulator.serving.machines import cores_here
from emulator.serving.node_link import Node
from emulator.storage import blobs, rows
from emulator.storage.digests import Digest
from resources import errors
from resources.ml import job_rules

if TYPE_CHECKING:
    from emulator.context import Emulator

_TRIES = 4
"""How often a shard is begun before its job fails: nodes may be killed for what is not the rows' fault."""
_AHEAD = 2
"""Chunks that a node has at a time: one to work on, one that is there when it has done."""


@dataclass
class _Result:
    """What a shard gave so far, beside its lines."""

    digest: Digest = field(default_factory=Digest)
    size: int = 0
    predictions: int = 0
    errors: Counter[str] = field(default_factory=Counter)


class Job:
    """A job that is being run.

    Args:
        emulator: where.
        row: of the job.
    """

    def __init__(self, emulator: Emulator, row: sqlite3.Row) -> None:
        self._emulator = emulator
        self._number: int = row["number"]
        self._folder = tables.folder(emulator, self._number)
        self._given = inputs.settings(row)
        form = self._given["dataFormat"]
        self._tries: Counter[int] = Counter()
        self._form = shards.JSON if form == "TEXT" else form

    async def prepare(self) -> None:
        """Takes model and input from the bucket, and plans the shards. Raises `JobFailed`."""
        bucket, _ = inputs.split(self._given["outputPath"])
        try:
            rows.bucket(self._emulator, bucket)
        except errors.NotFound:
            raise JobFailed(f"The bucket of the output path {self._given['outputPath']} does not exist.") from None
        await inputs.fetch_model(self._emulator, self._given, self._folder / "model")
        names = inputs.link(self._emulator, self._given["inputPaths"], self._folder / "input")
        planned = await asyncio.to_thread(self._plan, names)
        (self._folder / "output").mkdir(exist_ok=True)

        def change() -> None:
            tables.plan(self._emulator, self._number, planned)
            tables.move(self._emulator, self._number, "RUNNING")

        await insist(self._emulator, change)

    def _plan(self, names: list[str]) -> list[Shard]:
        files = [self._folder / "input" / str(number) for number in range(len(names))]
        planned: list[Shard] = []
        for number, file in enumerate(files):
            try:
                own = shards.plan([file], self._form)
            except Damaged as exc:
                raise JobFailed(f"{names[number]}: {exc}.") from exc
            planned += [Shard(number, shard.start, shard.end) for shard in own if shard.end]
        return planned or [Shard(0, 0, 0)]

    async def run(self) -> None:
        """Runs the shards that are not whole, by as many nodes as there is use for. Raises `JobFailed`."""
        left = deque(row for row in tables.shards(self._emulator, self._number) if row["size"] is None)
        most = int(self._given.get("maxWorkerCount", job_rules.DEFAULT_WORKERS))
        count = min(most, len(left), cores_here())
        workers = [asyncio.create_task(self._work(left)) for _ in range(count)]
        try:
            await asyncio.gather(*workers)
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)

    async def _work(self, left: deque[sqlite3.Row]) -> None:
        """One worker: a node, and another one where it ends, until no shard is left."""
        while left:
            with contextlib.suppress(_Again):
                await self._with_node(left)

    async def _with_node(self, left: deque[sqlite3.Row]) -> None:
        try:
            async with self._emulator.serving.worker(self._folder / "model", self._options()) as node:
                while left:
                    await self._shard(left, node)
        except errors.ArtifactError as exc:
            raise JobFailed(str(exc)) from exc

    def _options(self) -> dict[str, Any]:
        return {
            "signature": self._given.get("signatureName", ""),
            "batch": int(self._given.get("batchSize", job_rules.DEFAULT_BATCH)),
            "form": self._form,
        }

    async def _shard(self, left: deque[sqlite3.Row], node: Node) -> None:
        row = left.popleft()
        self._tries[row["shard"]] += 1
        try:
            await self._one(row, node)
        except (errors.Unavailable, errors.DeadlineExceeded) as exc:
            if self._tries[row["shard"]] == _TRIES:
                raise JobFailed(f"Shard {row['shard']} failed {_TRIES} times; the last time: {exc.message}") from exc
            left.appendleft(row)
            raise _Again from exc

    async def _one(self, row: sqlite3.Row, node: Node) -> None:
        """Runs a shard to its end. Its file is whole once its row says so."""
        began, result = time.monotonic(), _Result()
        with (self._folder / "output" / str(row["shard"])).open("wb", buffering=0) as file:
            async for answer in self._answers(row, node):
                await asyncio.to_thread(_take, answer, result, file)
        await insist(self._emulator, lambda: self._keep(row["shard"], result, time.monotonic() - began))

    def _keep(self, shard: int, result: _Result, seconds: float) -> None:
        refused = sum(result.errors.values())
        self._emulator.store.run(
            "UPDATE job_shards SET size = ?, crc32c = ?, md5 = ?, predictions = ?, errors = ?, refused = ?, seconds = ?"
            " WHERE job = ? AND shard = ?",
            *(result.size, result.digest.crc32c, result.digest.md5, result.predictions),
            *(json.dumps(result.errors), refused, seconds, self._number, shard),
        )

    async def _answers(self, row: sqlite3.Row, node: Node) -> AsyncIterator[bytes]:
        """The answers to the chunks of a shard, in order."""
        file = self._folder / "input" / str(row["source"])
        chunks = shards.chunks(file, Shard(row["source"], row["first"], row["last"]), self._form)
        asked: deque[tuple[bytes, asyncio.Task[bytes]]] = deque()
        try:
            while chunk := await self._next(chunks, row):
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

    async def _next(self, chunks: Iterator[bytes], row: sqlite3.Row) -> bytes:
        """The next chunk; empty after the last one."""
        try:
            return await asyncio.to_thread(next, chunks, b"")
        except Damaged as exc:
            raise JobFailed(f"Input file {row['source']} of those that match: {exc}.") from exc

    async def _whole(self, chunk: bytes, task: asyncio.Task[bytes], node: Node) -> AsyncIterator[bytes]:
        """The answer to a chunk, or to its halves where it is too long for one message."""
        answer = await task
        if not answer.startswith(b'{"halve"'):
            yield answer
            return
        for half in shards.halves(chunk, self._form):
            async for part in self._whole(half, asyncio.create_task(node.ask(half)), node):
                yield part


class _Again(Exception):
    """The node ended in the middle of a shard, which goes to another one."""


def _take(answer: bytes, result: _Result, file: IO[bytes]) -> None:
    """Writes the lines of an answer and adds its counts."""
    head, _, lines = answer.partition(b"\n")
    told = json.loads(head)
    result.predictions += told["predictions"]
    tables.bounded(result.errors, told["errors"])
    blobs.write_all(file, lines)
    result.size += len(lines)
    result.digest.update(lines)
