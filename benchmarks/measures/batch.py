"""A batch prediction job over a million rows of 13 features, compared with `model.predict` on the rows in memory.

The rows are the heart disease data with other numbers for `chol`, as JSON lines in the bucket. The job uses
the model of the local stack; its time is from its creation to its end, as a client sees it: loading the model,
reading files, parsing rows, predicting, writing results to the bucket. The other side is a new process
(`workers.in_memory`) that trains the same network, holds the rows as tensors, and calls Keras's `model.predict`,
with all cores. Both use batches of the same size, alternately. The memory is VmHWM, the kernel's record of the peak
RSS of a process, in which shared pages count in full, of the job's workers only.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.figures import MB, BenchmarkError, Figure, Pairs, alternate
from benchmarks.process_watch import descendants, peak
from benchmarks.servers.local_stack import local
from benchmarks.workers import in_memory
from benchmarks.workspace import World
from gcp.api import Api
from gcp.settings import Settings
from prediction import platforms
from prediction.batch import bucket_files
from prediction.batch.endpoint_job import EndpointJob
from prediction.batch.job_plan import Plan

MODEL = "hd_prediction"
ROWS = 1_000_000
PAIRS = 5
SLOWER = 1.25
"""The maximum ratio of times, which is 0.8 of the throughput."""
SIZES = {64: ("the API's default", SLOWER), 1024: ("", SLOWER), 4096: ("for information", None)}
"""Rows per call of the model -> note, and bound. In large batches most of the time goes to the rows' JSON,
which the rows in memory do not need."""
MEMORY = 600.0
GROWTH = 1.1
_INTERVAL = 0.25
_POLL_SECONDS = 0.05


def figures(world: World) -> Iterator[Figure]:
    """Time for each batch size, and memory."""
    jobs = _Jobs(world)
    world.say(f"batch: {ROWS:,} rows")
    rows = world.folder("rows") / "rows.jsonl"
    in_memory.write(rows, ROWS)
    jobs.put(rows, "one")
    world.say("batch: the rows in memory")
    memory = _Memory(world, rows)
    seen: list[_JobRun] = []
    for size, (note, bound) in SIZES.items():
        compared = _compared(world, jobs, memory, size, seen)
        what = f"batch job over {ROWS:,} rows of 13 features, compared with model.predict in memory; batches of {size}"
        yield _time(f"{what}, {note}" if note else what, bound, compared)
    peaks = [one.worker / MB for one in seen]
    spread = f"{len(peaks)} jobs, {min(peaks):.0f} to {max(peaks):.0f}"
    yield Figure(
        what="batch job: peak memory of a worker (RSS)",
        measured=max(peaks),
        bound=MEMORY,
        unit="MB",
        spread=spread,
        disturbed_by="",
    )
    yield _growth(world, jobs, rows, max(one.worker for one in seen))


def _compared(world: World, jobs: _Jobs, memory: _Memory, size: int, seen: list[_JobRun]) -> list[tuple[float, float]]:
    def job() -> float:
        seen.append(jobs.run("one", size, ROWS))
        return seen[-1].seconds

    found = []
    for pair in alternate(PAIRS, job, lambda: memory.predict(size)):
        found.append(pair)
        world.say(f"batch: {len(found)} of {PAIRS} pairs, batches of {size}")
    return found


def _time(what: str, bound: float | None, pairs: list[tuple[float, float]]) -> Figure:
    ratios = Pairs([job / direct for job, direct in pairs])
    job, direct = (Pairs(side).median for side in zip(*pairs, strict=True))
    return Figure(
        what=what, measured=ratios.median, bound=bound, spread=f"{ratios.spread}; {job:.1f} s to {direct:.1f} s"
    )


def _growth(world: World, jobs: _Jobs, rows: Path, before: int) -> Figure:
    world.say("batch: twice the rows")
    for copy in ("first", "second"):
        jobs.put(rows, f"twice/{copy}")
    after = jobs.run("twice/*", max(SIZES), 2 * ROWS).worker
    return Figure(
        what=f"batch job over {2 * ROWS:,} rows: peak memory of a worker, compared with {ROWS:,}",
        measured=after / before,
        bound=GROWTH,
        spread=f"{after / MB:.0f} MB to {before / MB:.0f} MB",
        disturbed_by="",
    )


@dataclass(frozen=True)
class _JobRun:
    """A job's time in seconds, and the peak memory of its workers in bytes."""

    seconds: float
    worker: int


class _Jobs:
    """Runs jobs on the local stack."""

    def __init__(self, world: World) -> None:
        stack = local(world)
        outputs = stack.engine.outputs()
        self._emulator = stack.emulator.pid
        self._project = urlsplit(outputs["models"][MODEL]["predictUrl"]).path.split("/")[3]
        # Without the limit on calls, which would delay such frequent polling and notice the end seconds late.
        self._api = Api(Settings(endpoint=stack.emulator.endpoint, calls_per_minute=None))
        self._place = f"gs://{outputs['bucket']}/benchmark"

    def put(self, file: Path, name: str) -> None:
        """Uploads an input file."""
        bucket_files.upload(self._api, file, f"{self._place}/{name}")

    def run(self, name: str, size: int, rows: int) -> _JobRun:
        """Runs a job over the input files of this name, in batches of this size; it must predict `rows` rows."""
        plan = Plan(
            model=MODEL,
            version=None,
            inputs=[f"{self._place}/{name}"],
            output=f"{self._place}-results/",
            row_format="JSON",
            batch_size=size,
        )
        target = platforms.of(platforms.ML)(project=self._project, api=self._api)
        job = EndpointJob(target, plan, clock=_FastPollingClock())
        with _watched(self._emulator) as peaks:
            begin = time.perf_counter()
            job.submit()
            ended = job.wait(lambda _: None)
            seconds = time.perf_counter() - begin
        job.clean_up()  # otherwise the next run of the same plan would find this job
        if not ended.is_success or ended.predicted != rows:
            raise BenchmarkError(f"the job did not predict {rows} rows: {ended}")
        return _JobRun(seconds, max(peaks.values(), default=0))


class _FastPollingClock:
    """A clock with short sleeps, so that the end of a job is noticed quickly."""

    def monotonic(self) -> float:
        return time.monotonic()

    def time(self) -> float:
        return time.time()

    def sleep(self, seconds: float, /) -> None:
        time.sleep(min(seconds, _POLL_SECONDS))


@contextmanager
def _watched(top: int) -> Iterator[dict[int, int]]:
    """Process ID -> peak memory of each process below `top` that starts in the block; complete after the block."""
    existing, peaks, done = set(descendants(top)), dict[int, int](), threading.Event()

    def sample() -> None:
        while not done.wait(_INTERVAL):
            for pid in set(descendants(top)) - existing:
                peaks[pid] = max(peaks.get(pid, 0), peak(pid))

    thread = threading.Thread(target=sample)
    thread.start()
    try:
        yield peaks
    finally:
        done.set()
        thread.join()


class _Memory:
    """A process that holds the rows and times `model.predict`."""

    def __init__(self, world: World, rows: Path) -> None:
        self._world = world
        environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
        self._process = world.start([sys.executable, "-m", "benchmarks.workers.in_memory", str(rows)], env=environment)
        self._read()

    def predict(self, size: int) -> float:
        """The seconds for all rows, in batches of this size."""
        assert self._process.stdin is not None
        print(size, file=self._process.stdin, flush=True)
        return float(self._read())

    def _read(self) -> str:
        assert self._process.stdout is not None
        answer = self._process.stdout.readline()
        if not answer:
            raise BenchmarkError(f"the predictions in memory failed:\n{self._world.logged_errors()}")
        return answer
