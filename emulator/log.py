"""The log file: one line per call, and the traceback of what should not have happened."""

from __future__ import annotations

import traceback
from datetime import datetime, timezone
from pathlib import Path

_ROTATE_AT = 32 * 1024 * 1024


class Log:
    """Appends lines to `file`; past 32 MiB the file becomes `log.1`, in place of the one before."""

    def __init__(self, file: Path) -> None:
        self._path = file
        self._open()

    def _open(self) -> None:
        self._file = self._path.open("a", encoding="utf-8", errors="backslashreplace", buffering=1)
        self._size = self._file.tell()

    def line(self, text: str) -> None:
        """Writes one line, after the time in UTC."""
        now = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3]
        entry = f"{now}Z {text}\n"
        self._file.write(entry)
        self._size += len(entry)
        if self._size > _ROTATE_AT:
            self._file.close()
            self._path.replace(self._path.with_name("log.1"))
            self._open()

    def fault(self, what: str, error: BaseException) -> None:
        """Writes what failed, and the traceback."""
        self.line(f"ERROR {what}: {type(error).__name__}")
        self._file.write("".join(traceback.format_exception(error)))

    def close(self) -> None:
        """Closes the file."""
        self._file.close()
