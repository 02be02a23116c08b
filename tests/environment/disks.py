"""Disks for a single test: small ones that can be filled, and folders that are read-only, even for root."""

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
    """Runs `mount`, or skips the test if mounting is not allowed: only root may, and not in most containers."""
    _isolate_mounts()
    _run_mount(*arguments)


@cache
def _isolate_mounts() -> None:
    """From now on, only this process and its children see what it mounts, and the mounts end with them.

    Otherwise a killed test could leave a disk, and every later run would fail to remove its folder.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_NEW_MOUNTS):
        pytest.skip(f"no disk can be mounted: {os.strerror(ctypes.get_errno())}")
    _run_mount("--make-rprivate", "/")


def _run_mount(*arguments: str) -> None:
    done = subprocess.run(["mount", *arguments], capture_output=True, text=True, timeout=BOUND, check=False)
    if done.returncode:
        pytest.skip(f"no disk can be mounted: {done.stderr.strip()}")


@contextmanager
def small(folder: Path, megabytes: int) -> Iterator[Path]:
    """Mounts a disk of this size on a folder during the block; unmounts it even if it is still in use."""
    folder.mkdir(parents=True, exist_ok=True)
    _mount("-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder))
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True, timeout=BOUND)


@contextmanager
def read_only(folder: Path) -> Iterator[Path]:
    """Makes a folder read-only during the block."""
    folder.mkdir(parents=True, exist_ok=True)
    _mount("--bind", str(folder), str(folder))
    try:
        _mount("-o", "remount,ro,bind", str(folder))
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True, timeout=BOUND)


@contextmanager
def filled(folder: Path, *, but: int = 0) -> Iterator[None]:
    """Fills a disk during the block, but for this many bytes."""
    filling = folder / "filling"
    filling.touch()
    try:
        with filling.open("r+b") as file:
            while not _allocate(file.fileno(), but):
                pass
        yield
    finally:
        filling.unlink()


def _allocate(file: int, but: int) -> bool:
    """Allocates the free space but for this many bytes; False if another process used some of it meanwhile."""
    disk = os.fstatvfs(file)
    try:
        os.posix_fallocate(file, 0, disk.f_bavail * disk.f_frsize - but)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        return False
    return True
