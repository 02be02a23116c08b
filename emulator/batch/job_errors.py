"""What ends a job in the state FAILED."""

from __future__ import annotations


class JobFailed(Exception):
    """A job that cannot go on; its text is the job's `errorMessage`."""
