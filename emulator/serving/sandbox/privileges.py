"""Permanently drops privileges of this process."""

from __future__ import annotations

import ctypes

from emulator.serving.sandbox import system_calls

_PR_SET_NO_NEW_PRIVS = 38
_CLONE_NEWUSER, _CLONE_NEWNET, _CLONE_NEWIPC, _CLONE_NEWUTS = 0x10000000, 0x40000000, 0x08000000, 0x04000000
_CAPABILITY_VERSION_3 = 0x20080522


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Capabilities(ctypes.Structure):
    _fields_ = (("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32), ("inheritable", ctypes.c_uint32))


def no_new() -> None:
    """Sets no-new-privileges: programs that this process runs cannot gain rights."""
    system_calls.prctl(_PR_SET_NO_NEW_PRIVS, 1)


def drop_capabilities() -> None:
    """Drops all capabilities. Only matters for root."""
    system_calls.capset(_Header(_CAPABILITY_VERSION_3, 0), (_Capabilities * 2)())


def isolate() -> None:
    """Enters new, empty namespaces for network, users, host names and IPC. Needs a single-threaded process.

    Raises:
        OSError: this system does not allow it for users.
    """
    system_calls.unshare(_CLONE_NEWUSER | _CLONE_NEWNET | _CLONE_NEWIPC | _CLONE_NEWUTS)
