"""What is kept of every call that has ended: its line in the log, and its place among the latest calls."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence

from emulator.core.calls.metrics import Metrics
from emulator.core.log import Log

Ended = tuple[str, str, int, float]
"""A call that has ended: id of the method, path, status, milliseconds."""


class CallLog:
    """Keeps calls.

    Args:
        log: gets a line for each call.
        metrics: gets each call that is not hidden.
        is_hidden: whether a path is one of the emulator's own pages: who looks is not what they look for.
    """

    def __init__(self, log: Log, metrics: Metrics, is_hidden: Callable[[str], bool]) -> None:
        self._log, self._metrics, self._is_hidden = log, metrics, is_hidden
        self._ended: list[Ended] = []

    def note(self, method: str, path: str, status: int, began: float) -> None:
        """Keeps a call, together with those that end in the same turn of the loop.

        Args:
            method: id of the method.
            path: as it came.
            status: of the answer.
            began: when the call began, in seconds of `time.perf_counter`.
        """
        if not self._ended:
            asyncio.get_running_loop().call_soon(self._note_ended)
        self._ended.append((method, path, status, (time.perf_counter() - began) * 1000))

    def note_all(self, calls: Sequence[Ended]) -> None:
        """Keeps calls immediately."""
        self._log.lines(f"{method} {path} {status} {ms:.1f} ms" for method, path, status, ms in calls)
        for method, path, status, milliseconds in calls:
            if not self._is_hidden(path):
                self._metrics.called(method, path, status, milliseconds)

    def _note_ended(self) -> None:
        ended, self._ended = self._ended, []
        self.note_all(ended)
