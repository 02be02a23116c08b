"""Disks of a test's own: small ones that can be filled, and folders that nobody can write to, root neither."""

from __future__ import annotations

import ctypes
import errno
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest

from tests.running import BOUND

_NEW_MOUNTS = 0x00020000
"""CLONE_NEWNS of unshare(2)."""


def _mount(*arguments: str) -> None:
    """Skips the test where that is not allowed: to users but root, and in most containers."""
    _own_mounts()
    _run_mount(*arguments)


@cache
def _own_mounts() -> None:
    """From here on what this process mounts is seen by it and its children alone, and ends with them.

    A disk that a killed test left would stay for good, and fail every later run, which cannot remove its folder.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_NEW_MOUNTS):
        pytest.skip(f"no disk of its own can be mounted: {os.strerror(ctypes.get_errno())}")
    _run_mount("--make-rprivate", "/")


def _run_mount(*arguments: str) -> None:
    done = subprocess.run(["mount", *arguments], capture_output=True, text=True, timeout=BOUND, check=False)
    if done.returncode:
        pytest.skip(f"no disk of its own can be mounted: {done.stderr.strip()}")


@contextmanager
def small(folder: Path, megabytes: int) -> Iterator[Path]:
    """A disk of so many megabytes, mounted on a folder; it is gone with the block, whoever still uses it."""
    folder.mkdir(parents=True, exist_ok=True)
    _mount("-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder))
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True, timeout=BOUND)


@contextmanager
def read_only(folder: Path) -> Iterator[Path]:
    """A folder as it is, which nobody can write to within the block."""
    folder.mkdir(parents=True, exist_ok=True)
    _mount("--bind", str(folder), str(folder))
    try:
        _mount("-o", "remount,ro,bind", str(folder))
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True, timeout=BOUND)


@contextmanager
def filled(folder: Path, *, but: int = 0) -> Iterator[None]:
    """Leaves so many bytes on a disk, for as long as the block lasts."""
    filling = folder / "filling"
    filling.touch()
    try:
        with filling.open("r+b") as file:
            while not _taken(file.fileno(), but):
                pass
        yield
    finally:
        filling.unlink()


def _taken(file: int, but: int) -> bool:
    """Takes what is free but for so many bytes; False where somebody else took some of it meanwhile."""
    disk = os.fstatvfs(file)
    try:
        os.posix_fallocate(file, 0, disk.f_bavail * disk.f_frsize - but)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        return False
    return True
