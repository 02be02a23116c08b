"""Tells failed writes that are the disk's fault, which get the response of an unavailable service, from our bugs."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
from pathlib import Path

from gcp import errors

FAILURES = (OSError, sqlite3.Error)
"""How files and the database say that they cannot be read or written."""

_NUMBERS = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO}
# Primary result codes of SQLite: READONLY, IOERR, FULL, CANTOPEN.
_CODES = {8: errno.EROFS, 10: errno.EIO, 13: errno.ENOSPC, 14: errno.EIO}
_PROBE_BYTES = 256 * 1024


def reason(error: BaseException) -> str:
    """What is wrong with the disk, in the system's words; empty if it is not the disk's fault."""
    if isinstance(error, sqlite3.OperationalError):
        # Python 3.10 has no code: there every such error counts, our own mistakes in SQL too.
        code: int = getattr(error, "sqlite_errorcode", 10)
        return os.strerror(_CODES[code & 0xFF]) if code & 0xFF in _CODES else ""
    if isinstance(error, OSError) and error.errno in _NUMBERS:
        return os.strerror(error.errno)
    return ""


def refusal(error: BaseException) -> errors.Unavailable | None:
    """The API's error if the disk is at fault; nothing was written. Otherwise None."""
    said = reason(error)
    if not said:
        return None
    text = f"The emulator cannot write to its data folder: {said}. Free space there, or mend it, then try again."
    return errors.Unavailable(text)


def probe(folder: Path) -> None:
    """Makes a folder where it is missing, and writes to it. Raises `OSError` where that cannot be done."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "probe"
    try:
        file.write_bytes(bytes(_PROBE_BYTES))
    finally:
        file.unlink(missing_ok=True)


def link(file: Path, target: Path) -> None:
    """Gives a file that is never written again a second name; copies it where the file system has no hard links."""
    try:
        os.link(file, target)
    except PermissionError:
        shutil.copyfile(file, target)
