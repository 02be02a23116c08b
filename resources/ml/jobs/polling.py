"""Waits for a job of `ml` v1: polls `projects.jobs.get` until it has ended."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

from gcp import operations
from gcp.api import Api
from gcp.clock import Clock
from resources.ml.service import ML

ENDED = ("SUCCEEDED", "FAILED", "CANCELLED")
LOST = ("FAILED", "CANCELLING", "CANCELLED")
"""States of a job that gives no results."""

Job = dict[str, Any]


def name(project: str, job_id: str) -> str:
    """`projects/P/jobs/J`."""
    return f"projects/{project}/jobs/{job_id}"


def wait(
    api: Api,
    name: str,
    report: Callable[[Job], None],
    *,
    timeout: float = math.inf,
    least: Callable[[], float] = lambda: 0.0,
    clock: Clock = time,
) -> Job:
    """The job once it has ended, or its state after `timeout` seconds. Pauses between polls grow to 5 s.

    Args:
        api: the endpoint.
        name: the job's full name.
        report: called with the job after each poll.
        timeout: seconds. Default: none.
        least: returns the current minimum pause between two polls, in seconds.
        clock: `time`, or a test's own.
    """
    return operations.poll(lambda: _looked(api, name, report), has_ended, timeout=timeout, least=least, clock=clock)


def has_ended(job: Job) -> bool:
    """Whether its state is final."""
    return job.get("state") in ENDED


def _looked(api: Api, name: str, report: Callable[[Job], None]) -> Job:
    job: Job = api.call(api.methods(ML, "projects.jobs").get(name=name))
    report(job)
    return job


def counts(job: Job) -> tuple[int, int]:
    """How many rows were predicted so far, and how many were rejected."""
    output = job.get("predictionOutput") or {}
    return int(output.get("predictionCount", 0)), int(output.get("errorCount", 0))
