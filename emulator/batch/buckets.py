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
        """Prepares new objects; the block calls what it gets in a transaction, which makes the objects.

        The call may be repeated after a transaction that failed. It raises `errors.PermissionDenied` where an older
        object of that name is held or retained, and `errors.NotFound`.
        """
