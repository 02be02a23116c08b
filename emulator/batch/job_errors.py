"""What ends a job in the state FAILED."""

from __future__ import annotations


class JobFailed(Exception):
    """A job that cannot go on; its text is the job's `errorMessage`."""


class Damaged(JobFailed):
    """A file that is not of the format that the job says. The text is a clause without the file's name."""
