"""What jobs need of Cloud Storage: input files, and names for the files of results."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from emulator.core.job_spec import ResultFile


class StoredFile(Protocol):
    """An object of a bucket."""

    @property
    def name(self) -> str:
        """Its whole name."""

    @property
    def file(self) -> Path:
        """The file with its bytes, which never changes. It is removed with the object: link it to keep it."""


class Buckets(Protocol):
    """Cloud Storage, as jobs use it. Each method raises `errors.NotFound` where the bucket does not exist."""

    def bucket(self, name: str) -> object:
        """Looks a bucket up."""

    def under(self, bucket: str, prefix: str) -> Sequence[StoredFile]:
        """The objects whose names begin with `prefix`, by name."""

    def publication(self, bucket: str, files: Sequence[ResultFile]) -> AbstractContextManager[Callable[[], None]]:
        """Prepares new objects; the block calls what it gets in a transaction, which makes the objects.

        The call may be repeated after a transaction that failed. It raises `errors.PermissionDenied` where an older
        object of that name is held or retained, and `errors.NotFound`.
        """
