"""A job over files of this machine, without an endpoint: `python -m emulator.local_job ORDER`, an `Order` as JSON.

It prints its progress as lines of JSON, each with fields of the API's jobs: `state`, `predictionOutput` and, at the
end, `errorMessage`. Its nodes and their sandbox are those of the endpoint. SIGINT and SIGTERM end it. Until the end,
only a hidden folder beside the results exists, which is then removed.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from emulator.batch import input_shards, shard_results
from emulator.batch.job_errors import JobFailed
from emulator.batch.shard_results import Result
from emulator.batch.shard_runner import Part, Runner
from emulator.ml import prediction_envelope
from emulator.serving import Serving
from emulator.serving.chunks import csv_rows
from emulator.serving.chunks.chunk_options import ChunkOptions
from emulator.serving.chunks.malformed_input import MalformedInput
from resources.ml.jobs import rules

_PIECE = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Order:
    """What to do.

    Attributes:
        model: the folder of the SavedModel.
        sources: the input files.
        target: the file of results; the errors' counts go to `FILE.errors`, and which rows were rejected to
            `FILE.rejected`, if there are any.
        form: `JSON`, `TF_RECORD` or `TF_RECORD_GZIP`.
        output: `CSV`, or `JSON` for lines of it; the keys of columns go to `FILE.keys`.
        signature: key of the signature; empty for the only one, or `serving_default`.
        batch: rows of one call of the model.
        workers: nodes at most.
    """

    model: str
    sources: list[str]
    target: str
    form: str
    output: str = "JSON"
    signature: str = ""
    batch: int = rules.DEFAULT_BATCH
    workers: int = rules.DEFAULT_WORKERS

    @property
    def options(self) -> ChunkOptions:
        """How rows are read and results are written."""
        return ChunkOptions(
            row_format=self.form, batch_size=self.batch, signature=self.signature, output_format=self.output
        )


class LocalJob:
    """A job on this machine.

    Args:
        order: what to do.
        folder: for files that are not complete yet.
    """

    def __init__(self, order: Order, folder: Path) -> None:
        self._order, self._folder = order, folder
        self._predictions = 0
        self._errors: Counter[str] = Counter()
        self._keys: list[str] = []
        self._rows: dict[int, int] = {}

    async def run(self) -> None:
        """Predicts all rows, then gives the results their names. Raises `JobFailed`."""
        self.report("RUNNING")
        parts = await asyncio.to_thread(lambda: list(self._parts()))
        order, serving = self._order, Serving(style=prediction_envelope.style())
        try:
            runner = Runner(serving, Path(order.model), order.options, workers=order.workers, kept=self._keep)
            await runner.run(parts)
        finally:
            await serving.stop()
        await asyncio.to_thread(self._publish, parts)
        self.report("SUCCEEDED")

    def report(self, state: str, **more: str) -> None:
        """Prints the state and the counts so far."""
        counts = {"predictionCount": str(self._predictions), "errorCount": str(sum(self._errors.values()))}
        print(json.dumps({"state": state, "predictionOutput": counts, **more}), flush=True)

    def _parts(self) -> Iterator[Part]:
        number = 0
        for index, source in enumerate(self._order.sources):
            try:
                planned = input_shards.plan(Path(source), self._order.form, source=index)
            except MalformedInput as exc:
                raise JobFailed(f"{source}: {exc}.") from exc
            for shard in planned:
                target = self._folder / str(number)
                yield Part(number=number, shard=shard, source=Path(source), named=source, target=target)
                number += 1

    async def _keep(self, part: Part, result: Result, seconds: float) -> None:
        del seconds
        self._rows[part.number] = result.predictions + result.refused
        self._predictions += result.predictions
        shard_results.add_bounded(self._errors, result.errors)
        self._keys = shard_results.same_keys(self._keys, result.keys)
        self.report("RUNNING")

    def _publish(self, parts: list[Part]) -> None:
        target = Path(self._order.target)
        beside = {
            "errors": [shard_results.statistics(self._errors)],
            "keys": [csv_rows.header(self._keys)],
            "rejected": self._rejected(parts),
        }
        first, *others = parts
        with first.target.open("ab") as file:
            for part in others:
                with part.target.open("rb") as more:
                    shutil.copyfileobj(more, file, _PIECE)
                part.target.unlink()  # so that at most one of them takes space twice
        for name, content in beside.items():
            final, written = target.with_name(f"{target.name}.{name}"), self._folder / name
            with written.open("wb") as file:
                file.writelines(content)
            if written.stat().st_size:
                written.replace(final)
            else:
                final.unlink(missing_ok=True)
        first.target.replace(target)

    def _rejected(self, parts: list[Part]) -> Iterator[bytes]:
        """A line for each rejected row."""
        before: Counter[int] = Counter()
        for part in parts:
            if (kept := shard_results.rejected_file(part.target)).exists():
                yield from shard_results.rejected_lines(kept, part.named, before[part.shard.source])
            before[part.shard.source] += self._rows[part.number]


async def _run(order: Order, folder: Path) -> None:
    job, task = LocalJob(order, folder), asyncio.current_task()
    assert task is not None
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    try:
        await job.run()
    except JobFailed as exc:
        job.report("FAILED", errorMessage=str(exc))
    except OSError as exc:
        job.report("FAILED", errorMessage=f"{exc.filename or order.target}: {exc.strerror}")


def main() -> None:
    """Runs the order of the command line."""
    order = Order(**json.loads(sys.argv[1]))
    target = Path(order.target).absolute()
    with (
        contextlib.suppress(asyncio.CancelledError, BrokenPipeError),
        tempfile.TemporaryDirectory(prefix=f".{target.name}.", dir=target.parent) as folder,
    ):
        asyncio.run(_run(order, Path(folder)))


if __name__ == "__main__":
    main()
