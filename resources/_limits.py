"""What bounds the calls of this process."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator


class Places:
    """A bound on what runs at a time."""

    def __init__(self, count: int) -> None:
        self._free = threading.BoundedSemaphore(count)

    @contextlib.contextmanager
    def taken(self, waiting: Callable[[], None]) -> Iterator[None]:
        """One place for as long as the block runs; says that it is `waiting` if none is free."""
        if not self._free.acquire(blocking=False):
            waiting()
            self._free.acquire()
        try:
            yield
        finally:
            self._free.release()
