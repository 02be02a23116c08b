"""States and row counts of a Vertex AI job. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

SUCCEEDED = ("JOB_STATE_SUCCEEDED", "JOB_STATE_PARTIALLY_SUCCEEDED")
"""In the second state some results are missing, for example because a file could not be read."""
FAILED = ("JOB_STATE_FAILED", "JOB_STATE_CANCELLED", "JOB_STATE_EXPIRED")
ENDED = (*SUCCEEDED, *FAILED)
_CANCELLING = "JOB_STATE_CANCELLING"

Job = Mapping[str, Any]


def has_ended(job: Job) -> bool:
    """Whether its state is final."""
    return job.get("state") in ENDED


def counts(job: Job) -> bool:
    """Whether a job has results, or may still have some: it neither failed nor was cancelled."""
    return job.get("state") not in (*FAILED, _CANCELLING)


def age(job: Job) -> tuple[datetime, str]:
    """Sort key: by creation time, oldest first, so that every process picks the same job."""
    return datetime.fromisoformat(job["createTime"]), str(job["name"])


def short(job: Job) -> str:
    """Its state without the common prefix: `RUNNING`."""
    return str(job.get("state", "")).removeprefix("JOB_STATE_")


def rows(job: Job) -> tuple[int, int]:
    """The number of rows predicted so far, and of rows rejected."""
    stats = job.get("completionStats") or {}
    return max(0, int(stats.get("successfulCount", 0))), max(0, int(stats.get("failedCount", 0)))


def folder(job: Job) -> str:
    """The `gs://` folder of its results; empty before there are any."""
    return str((job.get("outputInfo") or {}).get("gcsOutputDirectory", ""))


def failure(job: Job) -> str:
    """Why it failed, on one line; empty if the API does not say."""
    return " ".join(str((job.get("error") or {}).get("message") or "").split())


def partial_failures(job: Job) -> str:
    """What is missing of its results, on one line; empty if nothing is."""
    messages = (" ".join(str(each.get("message", "")).split()) for each in job.get("partialFailures") or ())
    return "; ".join(message for message in messages if message)
