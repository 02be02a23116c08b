"""The filter of system calls, run by an interpreter of classic BPF: for every machine, not only this one."""

from __future__ import annotations

import errno
import struct

import pytest

from emulator.serving.sandbox import seccomp

_ALLOW, _KILL, _EPERM, _ENOSYS = 0x7FFF0000, 0x80000000, 0x50000 | errno.EPERM, 0x50000 | errno.ENOSYS
_PID = 4242
_THREAD, _FORK, _NEW_USER = 0x003D0F00, 0x01200011, 0x10000000
# call, x86_64's number, aarch64's number, first argument, what becomes of it
_CALLS = [
    ("read", 0, 63, 0, _ALLOW),
    ("openat", 257, 56, 0, _ALLOW),
    ("mmap", 9, 222, 0, _ALLOW),
    ("futex", 202, 98, 0, _ALLOW),
    ("exit_group", 231, 94, 0, _ALLOW),
    ("sendmsg", 46, 211, 3, _ALLOW),
    ("socket", 41, 198, 2, _EPERM),
    ("connect", 42, 203, 3, _EPERM),
    ("execve", 59, 221, 0, _EPERM),
    ("ptrace", 101, 117, 0, _EPERM),
    ("mount", 165, 40, 0, _EPERM),
    ("io_uring_setup", 425, 425, 0, _EPERM),
    ("clone3", 435, 435, 0, _ENOSYS),
    ("clone of a thread", 56, 220, _THREAD, _ALLOW),
    ("clone of a process", 56, 220, _FORK, _EPERM),
    ("clone into a namespace", 56, 220, _THREAD | _NEW_USER, _EPERM),
    ("kill itself", 62, 129, _PID, _ALLOW),
    ("kill another", 62, 129, 1, _EPERM),
    ("kill everybody", 62, 129, 0xFFFFFFFF, _EPERM),
    ("abort", 234, 131, _PID, _ALLOW),
    ("tgkill another", 234, 131, 1, _EPERM),
    ("its own limits", 302, 261, 0, _ALLOW),
    ("its own limits by pid", 302, 261, _PID, _ALLOW),
    ("another's limits", 302, 261, 1, _EPERM),
]
_TABLE = [
    (f"{name} on {machine}", machine, row[column], argument, result)
    for name, *row, argument, result in _CALLS
    for column, machine in enumerate(("x86_64", "aarch64"))
]


def _judge(machine: str, number: int, argument: int, architecture: int) -> int:
    """What the filter returns: the six instructions that it is made of, as the kernel's documentation defines them."""
    data = struct.pack("=IIQ6Q", number, architecture, 0, argument, 0, 0, 0, 0, 0)
    steps = [struct.unpack("=HBBI", step) for step in seccomp.program(machine, pid=_PID)]
    accumulator = position = 0
    while True:
        operation, then, otherwise, value = steps[position]
        position += 1
        if operation == 0x06:
            return int(value)
        if operation == 0x20:
            (accumulator,) = struct.unpack_from("=I", data, value)
            continue
        holds = {0x15: accumulator == value, 0x35: accumulator >= value, 0x45: bool(accumulator & value)}[operation]
        position += then if holds else otherwise


@pytest.mark.parametrize(
    ("machine", "number", "argument", "result"), [row[1:] for row in _TABLE], ids=[row[0] for row in _TABLE]
)
def test_calls_are_judged_by_number_and_argument(machine: str, number: int, argument: int, result: int) -> None:
    """What computes is allowed; what reaches out fails, and ends nothing."""
    assert _judge(machine, number, argument, seccomp.MACHINES[machine][1]) == result


def test_calls_of_another_machine_end_the_process() -> None:
    """Their numbers mean other calls."""
    assert _judge("x86_64", 0, 0, architecture=0x40000003) == _KILL


def test_the_second_set_of_numbers_is_refused() -> None:
    """On x86_64 each call has another number with one bit more."""
    assert _judge("x86_64", 0x40000000 | 41, 2, seccomp.MACHINES["x86_64"][1]) == _EPERM
