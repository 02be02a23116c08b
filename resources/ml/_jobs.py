"""Waiting for a job of `ml` v1: `projects.jobs.get` until it has ended, by a clock that a test can bring."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from resources import _operations
from resources._api import Api
from resources._clock import Clock

ENDED = ("SUCCEEDED", "FAILED", "CANCELLED")

Job = dict[str, Any]


def name(project: str, job_id: str) -> str:
    """`projects/P/jobs/J`."""
    return f"projects/{project}/jobs/{job_id}"


def wait(
    api: Api,
    name: str,
    told: Callable[[Job], None],
    *,
    timeout: float | None = None,
    least: Callable[[], float] = lambda: 0.0,
    clock: Clock = time,
) -> Job:
    """The job once it has ended, or as it is after `timeout` seconds. Looks at it grow apart, to 5 s.

    Args:
        api: the endpoint.
        name: the job's full name.
        told: is told what each look saw.
        timeout: seconds; None for no bound.
        least: the least pause between two looks, in seconds, as it is by then.
        clock: `time`, or a test's own.
    """
    start = clock.monotonic()
    while True:
        job: Job = api.call(api.ml("projects.jobs").get(name=name))
        told(job)
        elapsed = clock.monotonic() - start
        if job.get("state") in ENDED or (timeout is not None and elapsed >= timeout):
            return job
        clock.sleep(_operations.pause_after(elapsed, least()))


def counts(job: Job) -> tuple[int, int]:
    """How many rows were predicted so far, and how many were refused."""
    output = job.get("predictionOutput") or {}
    return int(output.get("predictionCount", 0)), int(output.get("errorCount", 0))
