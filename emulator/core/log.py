"""The log file: one line per call, and the traceback of what should not have happened."""

from __future__ import annotations

import contextlib
import os
import shutil
import time
import traceback
from collections.abc import Iterable
from pathlib import Path

MOST_BYTES = 32 * 1024 * 1024

_LOOKS = 64
"""The file's size is checked once a second, and whenever this share of the limit was written."""


class Log:
    """Appends lines to `file`. Beyond a maximum size, its content replaces `log.1`.

    The content is copied and the file emptied, not renamed: the serving processes append to the same file, and would
    continue in the renamed one. If the disk is full, lines are lost, but no response is.

    Args:
        file: is made where it is missing.
        most: the size in bytes.
    """

    def __init__(self, file: Path, most: int = MOST_BYTES) -> None:
        self._path, self._most = file, most
        self._file = file.open("ab", buffering=0)
        self._torn = False
        self._second = (0.0, "")
        self._unseen = most

    def line(self, text: str) -> None:
        """Writes one line, after the time in UTC."""
        self.lines([text])

    def lines(self, texts: Iterable[str]) -> None:
        """Writes several lines with the same time."""
        now = self._now()
        with contextlib.suppress(OSError):
            if self._unseen >= self._most // _LOOKS:
                self._begin_anew_where_full()
            self._write("".join([f"{now}Z {text}\n" for text in texts]))

    def fault(self, what: str, error: BaseException) -> None:
        """Writes what failed, and the traceback."""
        self.line(f"ERROR {what}: {type(error).__name__}")
        with contextlib.suppress(OSError):
            self._write("".join(traceback.format_exception(error)))

    def _now(self) -> str:
        """To the millisecond."""
        second, fraction = divmod(time.time(), 1)
        if second != self._second[0]:
            self._unseen = self._most
            self._second = (second, time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second)))
        return f"{self._second[1]}.{int(fraction * 1000):03}"

    def _begin_anew_where_full(self) -> None:
        self._unseen = 0
        if os.fstat(self._file.fileno()).st_size <= self._most:
            return
        with contextlib.suppress(OSError):  # somebody removed it, or there is no room for two
            shutil.copyfile(self._path, self._path.with_name("log.1"))
        self._file.truncate(0)

    def _write(self, text: str) -> None:
        content = ("\n" * self._torn + text).encode("utf-8", "backslashreplace")
        self._unseen += len(content)
        self._torn = self._file.write(content) != len(content)

    def close(self) -> None:
        """Closes the file."""
        self._file.close()
