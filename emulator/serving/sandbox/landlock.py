"""Landlock restricts which files this process may open, and its TCP connections and signals.

Numbers and names are from `linux/landlock.h`; what the kernel does not support yet is left out. A restricted process
can only restrict itself further. Landlock does not hide the existence, size and times of files.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterable
from pathlib import Path

from emulator.serving.sandbox import system_calls

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION_FLAG = 1
_PATH_BENEATH = 1
_READ_FILE, _READ_DIR = 1 << 2, 1 << 3
# File rights by version: 13 at first, then REFER, TRUNCATE and IOCTL_DEV.
_FILE_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15}
_FILE_RIGHTS_LATER = 16
_TCP_SINCE, _TCP = 4, 0b11  # BIND_TCP, CONNECT_TCP
_SCOPES_SINCE, _SCOPES = 6, 0b11  # ABSTRACT_UNIX_SOCKET, SIGNAL


class _Ruleset(ctypes.Structure):
    _fields_ = (
        ("handled_access_fs", ctypes.c_uint64),
        ("handled_access_net", ctypes.c_uint64),
        ("scoped", ctypes.c_uint64),
    )


_PROC = Path("/proc")
_held: list[int] = []
"""Open descriptors of readable files in /proc, kept as long as this process lives.

A rule applies to an inode. When the kernel reclaims an inode of /proc, it later creates a new one without a rule;
an open descriptor prevents that. TensorFlow aborts if it cannot read /proc/self/cmdline.
"""


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed_access", ctypes.c_uint64), ("parent_fd", ctypes.c_int32))


def version() -> int:
    """The kernel's version of Landlock. Raises `OSError` if it has none."""
    return system_calls.syscall(_CREATE_RULESET, None, 0, _VERSION_FLAG)


def restrict(readable: Iterable[Path]) -> None:
    """Allows this process, and threads that it starts, to read only what is in `readable`, and to write nothing.

    Paths that do not exist are ignored. Files that are already open stay usable. Needs no-new-privileges.

    Raises:
        OSError: the kernel has no Landlock.
    """
    known = version()
    rights = (1 << _FILE_RIGHTS.get(known, _FILE_RIGHTS_LATER)) - 1
    ruleset = _Ruleset(rights, _TCP if known >= _TCP_SINCE else 0, _SCOPES if known >= _SCOPES_SINCE else 0)
    descriptor = system_calls.syscall(_CREATE_RULESET, ctypes.byref(ruleset), ctypes.sizeof(ruleset), 0)
    try:
        for path in readable:
            _allow(descriptor, path)
        system_calls.syscall(_RESTRICT_SELF, descriptor, 0)
    finally:
        os.close(descriptor)


def _allow(ruleset: int, path: Path) -> None:
    try:
        opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        rights = _READ_FILE | (_READ_DIR if path.is_dir() else 0)
        rule = _PathBeneath(rights, opened)
        system_calls.syscall(_ADD_RULE, ruleset, _PATH_BENEATH, ctypes.byref(rule), 0)
    finally:
        if path.is_relative_to(_PROC):
            _held.append(opened)
        else:
            os.close(opened)
