"""Seccomp restricts the system calls of this process. A refused call fails with EPERM; the process goes on.

It is a deny list: TensorFlow and the C library make different calls on every system, so an allow list would break on
the next one. It denies what a computing process does not need: networks, other processes, programs, mounts, file
permissions, and kernel interfaces with a history of vulnerabilities.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct

from emulator.serving.sandbox import system_calls

_PR_SET_SECCOMP, _MODE_FILTER = 22, 2
_ALLOW, _KILL = 0x7FFF0000, 0x80000000
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _AND, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x54, 0x06
_NUMBER_AT, _ARCHITECTURE_AT, _ARGUMENT_AT = 0, 4, 16
_X32 = 0x40000000
"""Numbers from here on are the x32 variants of the same calls."""
_CLONE_THREAD = 0x00010000
_NAMESPACES = 0x7E020080

# name -> number on x86_64, on aarch64; None if the call does not exist there.
_REFUSED: dict[str, tuple[int | None, int | None]] = {
    "socket": (41, 198),
    "socketpair": (53, 199),
    "connect": (42, 203),
    "bind": (49, 200),
    "listen": (50, 201),
    "accept": (43, 202),
    "accept4": (288, 242),
    "fork": (57, None),
    "vfork": (58, None),
    "execve": (59, 221),
    "execveat": (322, 281),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "process_madvise": (440, 440),
    "tkill": (200, 130),
    "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240),
    "pidfd_open": (434, 434),
    "pidfd_send_signal": (424, 424),
    "pidfd_getfd": (438, 438),
    "sched_setaffinity": (203, 122),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "move_mount": (429, 429),
    "open_tree": (428, 428),
    "fsopen": (430, 430),
    "fsmount": (432, 432),
    "mount_setattr": (442, 442),
    "unshare": (272, 97),
    "setns": (308, 268),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    "chmod": (90, None),
    "fchmod": (91, 52),
    "fchmodat": (268, 53),
    "fchmodat2": (452, 452),
    "chown": (92, None),
    "lchown": (94, None),
    "fchown": (93, 55),
    "fchownat": (260, 54),
    "setxattr": (188, 5),
    "lsetxattr": (189, 6),
    "fsetxattr": (190, 7),
    "removexattr": (197, 14),
    "lremovexattr": (198, 15),
    "fremovexattr": (199, 16),
    "utime": (132, None),
    "utimes": (235, None),
    "futimesat": (261, None),
    "utimensat": (280, 88),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "reboot": (169, 142),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "acct": (163, 89),
    "quotactl": (179, 60),
    "syslog": (103, 116),
    "personality": (135, 92),
    "modify_ldt": (154, None),
    "iopl": (172, None),
    "ioperm": (173, None),
    "mq_open": (240, 180),
    "shmget": (29, 194),
    "msgget": (68, 186),
    "semget": (64, 190),
    "inotify_init1": (294, 26),
    "fanotify_init": (300, 262),
}
_CLONE, _CLONE3, _KILL_CALL, _TGKILL, _PRLIMIT = (56, 220), (435, 435), (62, 129), (234, 131), (302, 261)
# machine -> its column above, and its AUDIT_ARCH.
MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def restrict() -> None:
    """Denies those calls to this process, and threads that it starts, permanently. Needs no-new-privileges.

    Raises:
        OSError: the kernel has no seccomp, or there is no list for this machine.
    """
    if platform.machine() not in MACHINES:
        raise OSError(errno.ENOSYS, f"no list of system calls for {platform.machine()}")
    install(program(platform.machine(), pid=os.getpid()))


def install(steps: list[bytes]) -> None:
    """Installs a classic BPF program that filters every system call of this process."""
    installed = _Program(len(steps), b"".join(steps))
    system_calls.prctl(_PR_SET_SECCOMP, _MODE_FILTER, ctypes.byref(installed))


def program(machine: str, *, pid: int) -> list[bytes]:
    """The filter for one of `MACHINES`, as a list of classic BPF instructions."""
    column, architecture = MACHINES[machine]
    refuse, absent = _returns(errno.EPERM), _returns(errno.ENOSYS)
    code = [_load(_ARCHITECTURE_AT), *_unless(_EQUAL, architecture, [_step(_RETURN, _KILL)]), _load(_NUMBER_AT)]
    if column == 0:
        code += _if(_AT_LEAST, _X32, [refuse])
    for numbers in _REFUSED.values():
        number = numbers[column]
        if number is not None:
            code += _if(_EQUAL, number, [refuse])
    # clone3's arguments are in memory, where BPF cannot read them: ENOSYS makes the C library use clone instead.
    code += _if(_EQUAL, _CLONE3[column], [absent])
    thread = [_load(_ARGUMENT_AT), *_if(_ANY_BIT, _NAMESPACES, [refuse]), *_unless(_ANY_BIT, _CLONE_THREAD, [refuse])]
    code += _if(_EQUAL, _CLONE[column], [*thread, _step(_RETURN, _ALLOW)])
    itself = [_load(_ARGUMENT_AT), *_unless(_EQUAL, pid, [refuse]), _step(_RETURN, _ALLOW)]
    for numbers in (_KILL_CALL, _TGKILL):
        code += _if(_EQUAL, numbers[column], itself)
    own = [_load(_ARGUMENT_AT), *_if(_EQUAL, 0, [_step(_RETURN, _ALLOW)]), *itself[1:]]
    code += _if(_EQUAL, _PRLIMIT[column], own)
    return [*code, _step(_RETURN, _ALLOW)]


def _step(operation: int, value: int, *, then: int = 0, otherwise: int = 0) -> bytes:
    """One instruction; jump offsets count instructions to skip."""
    return struct.pack("=HBBI", operation, then, otherwise, value)


def _load(offset: int) -> bytes:
    return _step(_LOAD, offset)


def _returns(number: int) -> bytes:
    """Returns an error for the call."""
    return _step(_RETURN, 0x00050000 | number)


def _if(test: int, value: int, steps: list[bytes]) -> list[bytes]:
    return [_step(test, value, otherwise=len(steps)), *steps]


def _unless(test: int, value: int, steps: list[bytes]) -> list[bytes]:
    return [_step(test, value, then=len(steps)), *steps]
