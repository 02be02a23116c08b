"""What a process in the sandbox cannot do any more, tried by a process that is in it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from emulator.serving import sandbox
from tests.running import BOUND, ROOT

_INSIDE = """
import json, os, socket, subprocess, sys, threading
from pathlib import Path
from emulator.serving import sandbox

folder, secret, layers = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3].split()
try:
    sandbox.enter(folder, layers)
except sandbox.MissingLayer as exc:
    sys.exit(str(exc))

def threads():
    thread = threading.Thread(target=int)
    thread.start()
    thread.join()

ACTIONS = {
    "read the model": lambda: (folder / "model").read_bytes(),
    "list the model": lambda: os.listdir(folder),
    "import late": lambda: __import__("xml.dom.minidom"),
    "start a thread": threads,
    "signal itself": lambda: os.kill(os.getpid(), 0),
    "read elsewhere": lambda: secret.read_bytes(),
    "read by a way round": lambda: (folder / ".." / secret.name).read_bytes(),
    "list elsewhere": lambda: os.listdir(secret.parent),
    "read who started it": lambda: Path(f"/proc/{os.getppid()}/environ").read_bytes(),
    "write into the model": lambda: (folder / "model").write_bytes(b""),
    "write a new file": lambda: (folder / "new").write_bytes(b""),
    "write elsewhere": lambda: secret.write_bytes(b""),
    "truncate": lambda: os.truncate(secret, 0),
    "remove": lambda: secret.unlink(),
    "rename": lambda: secret.rename(secret.with_name("other")),
    "make a folder": lambda: (folder / "new").mkdir(),
    "make a link": lambda: (folder / "new").symlink_to(secret),
    "change rights": lambda: secret.chmod(0o777),
    "change times": lambda: os.utime(secret),
    "change attributes": lambda: os.setxattr(secret, "user.a", b""),
    "connect": lambda: socket.create_connection(("127.0.0.1", 9)),
    "speak to a local socket": lambda: socket.socket(socket.AF_UNIX),
    "fork": os.fork,
    "run a program": lambda: os.execv("/bin/true", ["true"]),
    "start a program": lambda: subprocess.run(["true"]),
    "signal who started it": lambda: os.kill(os.getppid(), 0),
    "signal all": lambda: os.kill(-1, 0),
    "change its cores": lambda: os.sched_setaffinity(0, [0]),
    "dump a core": lambda: __import__("resource").setrlimit(4, (1, 1)),
}
done = []
for name, action in ACTIONS.items():
    try:
        action()
    except (OSError, ValueError):
        continue
    done.append(name)
print(json.dumps(done))
"""
_LATER = """
import sys
from pathlib import Path
from emulator.serving import sandbox

sandbox.enter(Path(sys.argv[1]), sandbox.offered())
print("in", flush=True)
sys.stdin.readline()
print(all([Path(path).read_bytes() for path in ("/proc/self/cmdline", "/proc/cpuinfo", "/proc/meminfo", "/proc/stat")]))
"""
_ALLOWED = ["read the model", "list the model", "import late", "start a thread", "signal itself"]
_REFUSE_LANDLOCK = """
import errno, struct, sys
from emulator import cli
from emulator.serving.sandbox import privileges, seccomp

privileges.no_new()
steps = [(0x20, 0, 0, 0), (0x15, 0, 1, 444), (0x06, 0, 0, 0x50000 | errno.ENOSYS), (0x06, 0, 0, 0x7FFF0000)]
seccomp.install([struct.pack("=HBBI", *step) for step in steps])
sys.exit(cli.main(sys.argv[1:]))
"""


def _run(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=BOUND, check=False)


def test_a_process_in_the_sandbox_can_compute_and_nothing_else(tmp_path: Path) -> None:
    """It reads its model and Python, and starts threads. Files, networks, programs and processes are out of reach."""
    folder, secret = tmp_path / "model", tmp_path / "secret"
    folder.mkdir()
    (folder / "model").write_text("m")
    secret.write_text("s")

    inside = _run(_INSIDE, str(folder), str(secret), " ".join(sandbox.offered()))

    assert json.loads(inside.stdout) == _ALLOWED, inside.stderr
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["model", "model", "secret"]
    assert secret.read_text() == "s"


@pytest.mark.faults
@pytest.mark.skipif(os.geteuid() != 0, reason="only root may have the kernel drop what it can make anew")
def test_what_may_be_read_stays_readable_when_memory_is_short(tmp_path: Path) -> None:
    """TensorFlow reads below /proc late; the kernel makes those files anew after it has dropped them."""
    command = [sys.executable, "-c", _LATER, str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as inside:
        assert inside.stdout is not None
        assert inside.stdout.readline() == "in\n"
        Path("/proc/sys/vm/drop_caches").write_text("2")
        rest, _ = inside.communicate("go on\n", timeout=BOUND)

    assert rest == "True\n"


def test_this_system_offers_what_is_needed() -> None:
    """The tests below and those of hostile models mean something only where it does."""
    assert set(sandbox.offered()) >= sandbox.NEEDED


def test_nothing_is_served_without_a_sandbox_that_is_required(tmp_path: Path) -> None:
    """On a kernel without Landlock `--sandbox require` ends in one line that names it."""
    refused = _run(_REFUSE_LANDLOCK, "serve", "--port", "0", "--data", str(tmp_path / "data"), "--sandbox", "require")

    assert refused.returncode == 1
    assert refused.stderr.startswith("error: this system has no landlock for the sandbox")
    assert refused.stderr.count("\n") == 1


def test_a_layer_that_cannot_be_had_is_an_error_of_the_process(tmp_path: Path) -> None:
    """Entering with a layer that the kernel refuses raises; nothing is run without it."""
    code = _REFUSE_LANDLOCK.rpartition("sys.exit")[0] + _INSIDE

    inside = _run(code, str(tmp_path), str(tmp_path / "secret"), "landlock")

    assert inside.returncode == 1
    assert inside.stderr.startswith("landlock: ")


def test_asking_for_layers_changes_nothing_here() -> None:
    """What is offered is found out by children: this process took no layer."""
    sandbox.offered()

    status = Path("/proc/self/status").read_text().splitlines()
    assert {"Seccomp:\t0", "NoNewPrivs:\t0"} <= set(status)
    assert Path("/etc/passwd").read_bytes()
