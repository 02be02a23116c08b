"""What jobs need of Cloud Storage: input files, and names for the files of results."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from emulator.core.files import StoredObject
from emulator.core.job_spec import ResultFile


class Buckets(Protocol):
    """Cloud Storage, as jobs use it. Each method raises `errors.NotFound` where the bucket does not exist."""

    def bucket(self, name: str) -> object:
        """Looks a bucket up."""

    def under(self, bucket: str, prefix: str) -> Sequence[StoredObject]:
        """The objects whose names begin with `prefix`, by name."""

    def publication(self, bucket: str, files: Sequence[ResultFile]) -> AbstractContextManager[Callable[[], None]]:
        """Prepares new objects. The block gets a function, and calls it in a transaction to create the objects.

        The function may be called again after a failed transaction. It raises `errors.PermissionDenied` if an existing
        object of that name is under a hold or retention, and `errors.NotFound`.
        """
