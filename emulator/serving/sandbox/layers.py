"""The layers of the sandbox, in the order in which a process enters them."""

from __future__ import annotations

import functools
import os
import resource
import sys
import sysconfig
from collections.abc import Callable, Collection
from pathlib import Path

from emulator.serving.sandbox import landlock, privileges, seccomp
from gcp.errors import Error

_FILES = 256
_LOG_BYTES = 64 << 20
"""Maximum size of a file that a node writes. Only the log is open for writing, and it rotates at half of this."""
_SYSTEM = (
    *("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/etc/ld.so.cache", "/etc/localtime"),
    *("/usr/share/zoneinfo", "/dev/null", "/dev/zero", "/dev/urandom", "/dev/random"),
    *("/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/proc/self", "/sys/devices/system"),
)


class MissingLayer(Exception):
    """A requested layer is not available here; the text names it."""


def _limits(_folder: Path) -> None:
    for what, bound in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, _FILES),
        (resource.RLIMIT_FSIZE, _LOG_BYTES),
        (resource.RLIMIT_MEMLOCK, 0),
        (resource.RLIMIT_MSGQUEUE, 0),
    ):
        most = resource.getrlimit(what)[1]
        least = bound if most == resource.RLIM_INFINITY else min(bound, most)
        resource.setrlimit(what, (least, least))


def _no_new_privileges(_folder: Path) -> None:
    privileges.no_new()


def _namespaces(_folder: Path) -> None:
    privileges.isolate()


def _landlock(folder: Path) -> None:
    landlock.restrict([folder, *libraries(), *map(Path, _SYSTEM)])


def _capabilities(_folder: Path) -> None:
    privileges.drop_capabilities()


def _seccomp(_folder: Path) -> None:
    seccomp.restrict()


_TAKE: dict[str, Callable[[Path], None]] = {
    "limits": _limits,
    "no-new-privileges": _no_new_privileges,
    "namespaces": _namespaces,
    "landlock": _landlock,
    "capabilities": _capabilities,
    "seccomp": _seccomp,
}
LAYERS = tuple(_TAKE)
MODES = ("auto", "require", "off")
"""`auto`: all available layers; `require`: fail without the needed ones; `off`: none."""
NEEDED = frozenset(LAYERS) - {"namespaces"}
"""The layers that the sandbox's guarantees depend on; namespaces are only a second line of defence behind seccomp."""


def enter(folder: Path, layers: Collection[str]) -> None:
    """Enters layers permanently. This process must be single-threaded.

    Args:
        folder: the only readable folder besides the libraries of the system and of Python.
        layers: which of `LAYERS`.

    Raises:
        MissingLayer: the kernel does not support one of them. The layers before it are entered.
    """
    for name in LAYERS:
        if name in layers:
            try:
                _TAKE[name](folder)
            except OSError as exc:
                raise MissingLayer(f"{name}: {exc.strerror}") from exc


@functools.cache
def offered() -> tuple[str, ...]:
    """The layers that are available on this system, found by entering them in child processes."""
    return tuple(name for name in LAYERS if _can_take(name))


def chosen(mode: str) -> tuple[str, ...]:
    """The layers of a mode of `MODES` on this system.

    Raises:
        Error: the mode is `require`, and some of `NEEDED` are not available; names them.
    """
    if mode == "off":
        return ()
    missing = [name for name in LAYERS if name in NEEDED and name not in offered()]
    if mode == "require" and missing:
        raise Error(f"this system has no {', '.join(missing)} for the sandbox: use --sandbox auto to serve without")
    return offered()


def _can_take(name: str) -> bool:
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            enter(Path("/"), {"no-new-privileges", name})
            code = 0
        except MissingLayer:
            pass
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


@functools.cache
def libraries() -> frozenset[Path]:
    """The folders of Python and its packages, as TensorFlow imports some of its modules late."""
    paths = sysconfig.get_paths()
    standard = {Path(paths[name]) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    packages = {Path(entry) for entry in sys.path if Path(entry).name in ("site-packages", "dist-packages")}
    return frozenset(standard | packages | {Path(sys.base_prefix) / "lib"})
