"""One job from its files to its results. It may be run again at any moment: what is whole is not run twice."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from typing import TYPE_CHECKING

from emulator.batch import input_shards, job_inputs, job_tables, shard_results
from emulator.batch.input_shards import Shard
from emulator.batch.job_errors import JobFailed
from emulator.batch.shard_results import Result
from emulator.batch.shard_runner import Part, Runner
from emulator.core.retried_writes import retry_write
from emulator.serving.chunks import row_formats
from emulator.serving.chunks.malformed_input import MalformedInput
from gcp import errors
from resources.ml.jobs import rules
from resources.storage.rules import split_uri

if TYPE_CHECKING:
    from emulator.app import Emulator


class Job:
    """A job that is being run.

    Args:
        emulator: where.
        row: of the job.
    """

    def __init__(self, emulator: Emulator, row: sqlite3.Row) -> None:
        self._emulator = emulator
        self._number: int = row["number"]
        self._folder = job_tables.folder(emulator, self._number)
        self._given = job_inputs.settings(row)
        form = self._given["dataFormat"]
        self._form = row_formats.JSON if form == "TEXT" else form

    async def prepare(self) -> None:
        """Takes model and input from the bucket, and plans the shards. Raises `JobFailed`."""
        bucket, _ = split_uri(self._given["outputPath"])
        try:
            self._emulator.storage.objects.bucket(bucket)
        except errors.NotFound:
            raise JobFailed(f"The bucket of the output path {self._given['outputPath']} does not exist.") from None
        await job_inputs.fetch_model(self._emulator, self._given, self._folder / "model")
        names = job_inputs.link(self._emulator, self._given["inputPaths"], self._folder / "input")
        planned = await asyncio.to_thread(self._plan, names)
        (self._folder / "output").mkdir(exist_ok=True)

        def change() -> None:
            job_tables.plan(self._emulator, self._number, planned)
            job_tables.move(self._emulator, self._number, "RUNNING")

        await retry_write(self._emulator.store, self._emulator.log, change)

    def _plan(self, names: list[str]) -> list[Shard]:
        planned: list[Shard] = []
        for number, name in enumerate(names):
            try:
                own = input_shards.plan(self._folder / "input" / str(number), self._form, source=number)
            except MalformedInput as exc:
                raise JobFailed(f"{name}: {exc}.") from exc
            planned += [shard for shard in own if shard.end]
        return planned or [Shard(0, 0, 0)]

    async def run(self) -> None:
        """Runs the shards that are not whole, by as many nodes as there is use for. Raises `JobFailed`."""
        given, names = self._given, job_inputs.linked(self._folder / "input")
        runner = Runner(
            self._emulator.serving,
            self._folder / "model",
            form=self._form,
            output=job_inputs.output_of(given),
            signature=given.get("signatureName", ""),
            batch=int(given.get("batchSize", rules.DEFAULT_BATCH)),
            workers=int(given.get("maxWorkerCount", rules.DEFAULT_WORKERS)),
            kept=self._keep,
        )
        left = [row for row in job_tables.shards(self._emulator, self._number) if row["size"] is None]
        await runner.run(self._part(row, names) for row in left)

    def _part(self, row: sqlite3.Row, names: list[str]) -> Part:
        return Part(
            number=row["shard"],
            shard=Shard(row["source"], row["first"], row["last"]),
            source=self._folder / "input" / str(row["source"]),
            named=names[row["source"]],
            target=self._folder / "output" / str(row["shard"]),
        )

    async def _keep(self, part: Part, result: Result, seconds: float) -> None:
        """Notes that a shard's file is whole, which it is from then on. Raises `JobFailed`."""
        self._keep_keys(result.keys)

        def change() -> None:
            self._emulator.store.run(
                "UPDATE job_shards SET size = ?, crc32c = ?, md5 = ?, predictions = ?, errors = ?, refused = ?,"
                " seconds = ? WHERE job = ? AND shard = ?",
                *(result.size, result.digest.crc32c, result.digest.md5, result.predictions),
                *(json.dumps(result.errors), result.refused, seconds, self._number, part.number),
            )

        await retry_write(self._emulator.store, self._emulator.log, change)

    def _keep_keys(self, keys: list[str]) -> None:
        """Notes the columns' keys, before the first shard that has them is whole."""
        file = job_tables.keys_file(self._emulator, self._number)
        known = json.loads(file.read_bytes()) if file.exists() else []
        if shard_results.same_keys(known, keys) != known:
            written = file.with_name("keys.part")
            written.write_text(json.dumps(keys), encoding="utf-8")
            written.replace(file)
