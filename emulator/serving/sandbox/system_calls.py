"""System calls that Python lacks, through ctypes. Each raises `OSError` if it fails."""

from __future__ import annotations

import ctypes
import os
from typing import Any

_libc = ctypes.CDLL(None, use_errno=True)


def syscall(number: int, *arguments: Any) -> int:
    """Makes a system call by its number. Integers are passed as 64 bits."""
    passed = [ctypes.c_long(argument) if isinstance(argument, int) else argument for argument in arguments]
    result: int = _libc.syscall(ctypes.c_long(number), *passed)
    return _checked(result)


def prctl(option: int, *arguments: Any) -> int:
    """`prctl(2)`; missing arguments are 0."""
    passed = [ctypes.c_ulong(argument) if isinstance(argument, int) else argument for argument in arguments]
    passed += [ctypes.c_ulong(0)] * (4 - len(passed))
    result: int = _libc.prctl(ctypes.c_int(option), *passed)
    return _checked(result)


def unshare(flags: int) -> None:
    """`unshare(2)`: enters new namespaces of the kinds in `flags`."""
    _checked(_libc.unshare(ctypes.c_int(flags)))


def capset(header: ctypes.Structure, data: ctypes.Array[Any]) -> None:
    """`capset(2)`."""
    _checked(_libc.capset(ctypes.byref(header), data))


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result
