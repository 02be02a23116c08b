"""One job from its input files to its results. It can be rerun at any time: complete shards are skipped."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from emulator.batch import input_shards, job_inputs, result_files, shard_results
from emulator.batch.buckets import Buckets
from emulator.batch.input_shards import Shard
from emulator.batch.job_errors import JobFailed
from emulator.batch.job_tables import JobTables
from emulator.batch.shard_results import Result
from emulator.batch.shard_runner import Part, Runner
from emulator.core.files import remove_folder
from emulator.core.job_spec import JobSpec
from emulator.serving import Serving
from emulator.serving.chunks.chunk_options import ChunkOptions
from emulator.serving.chunks.malformed_input import MalformedInput
from gcp import errors
from resources.storage.rules import split_uri

Write = Callable[[Callable[[], None]], Awaitable[None]]
"""Runs a change of the database in one transaction; retries while the disk is full."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Tools:
    """What every job works with.

    Attributes:
        tables: the jobs in the database.
        write: changes the database.
        nodes: run the model.
        buckets: have the inputs, and get the results.
    """

    tables: JobTables
    write: Write
    nodes: Serving
    buckets: Buckets


class Job:
    """A job that is being run.

    Args:
        number: of the job.
        spec: what it does.
        tools: what it works with.
    """

    def __init__(self, number: int, spec: JobSpec, tools: Tools) -> None:
        self._number, self._spec, self._tools = number, spec, tools
        folder = tools.tables.folder(number)
        self._model, self._input, self._output = folder / "model", folder / "input", folder / "output"

    async def prepare(self) -> None:
        """Takes model and input files, plans the shards, and makes the job RUNNING. Raises `JobFailed`."""
        bucket, _ = split_uri(self._spec.output)
        try:
            self._tools.buckets.bucket(bucket)
        except errors.NotFound:
            raise JobFailed(f"The bucket of the output path {self._spec.output} does not exist.") from None
        await self._fetch_model()
        names = job_inputs.link(self._tools.buckets, self._spec.inputs, self._input)
        planned = await asyncio.to_thread(self._plan, names)
        self._output.mkdir(exist_ok=True)

        def change() -> None:
            self._tools.tables.plan(self._number, planned)
            self._tools.tables.move(self._number, "RUNNING")

        await self._tools.write(change)

    async def _fetch_model(self) -> None:
        await remove_folder(self._model)
        self._model.parent.mkdir(parents=True, exist_ok=True)
        try:
            await self._spec.fetch_model(self._model)
        except (errors.NotFound, errors.FailedPrecondition) as exc:
            raise JobFailed(exc.message) from exc

    def _plan(self, names: list[str]) -> list[Shard]:
        planned: list[Shard] = []
        for number, name in enumerate(names):
            try:
                own = input_shards.plan(self._input / str(number), self._spec.row_format, source=number)
            except MalformedInput as exc:
                raise JobFailed(f"{name}: {exc}.") from exc
            planned += [shard for shard in own if shard.end]
        return planned or [Shard(0, 0, 0)]

    async def run(self) -> None:
        """Runs the incomplete shards, on as many nodes as are useful. Raises `JobFailed`."""
        spec = self._spec
        options = ChunkOptions(
            row_format=spec.row_format,
            batch_size=spec.batch_size,
            signature=spec.signature,
            output_format=spec.output_format,
            key_field=spec.key_field,
            included=spec.included,
            excluded=spec.excluded,
        )
        nodes, keep = self._tools.nodes, self._keep
        runner = Runner(nodes, self._model, options, workers=spec.workers, kept=keep, style=spec.style)
        names = job_inputs.linked(self._input)
        left = [row for row in self._tools.tables.shards(self._number) if row["size"] is None]
        await runner.run(self._part(row, names) for row in left)

    def _part(self, row: sqlite3.Row, names: list[str]) -> Part:
        return Part(
            number=row["shard"],
            shard=Shard(row["source"], row["first"], row["last"]),
            source=self._input / str(row["source"]),
            named=names[row["source"]],
            target=self._output / str(row["shard"]),
        )

    async def _keep(self, part: Part, result: Result, seconds: float) -> None:
        """Writes that a shard's file is complete. Raises `JobFailed`."""
        self._keep_keys(result.keys)
        await self._tools.write(lambda: self._tools.tables.complete(self._number, part.number, result, seconds))

    def _keep_keys(self, keys: list[str]) -> None:
        """Writes the keys of the columns, before the first shard that has them is complete."""
        file = self._output / result_files.KEYS
        known = json.loads(file.read_bytes()) if file.exists() else []
        if shard_results.same_keys(known, keys) != known:
            written = file.with_name("keys.part")
            written.write_text(json.dumps(keys), encoding="utf-8")
            written.replace(file)

    async def publish(self) -> None:
        """Publishes the results in the bucket, and ends the job. Raises `JobFailed`."""
        bucket, path = split_uri(self._spec.output)
        shards = self._tools.tables.shards(self._number)
        names = job_inputs.linked(self._input)
        make = result_files.files
        files = await asyncio.to_thread(
            make, self._output, path, names, shards, with_keys=self._spec.output_format == "CSV"
        )
        try:
            with self._tools.buckets.publication(bucket, files) as publish:

                def change() -> None:
                    publish()
                    self._tools.tables.move(self._number, "SUCCEEDED")

                await self._tools.write(change)
        except (errors.NotFound, errors.PermissionDenied) as exc:
            raise JobFailed(f"The results cannot be written: {exc.message}") from exc
