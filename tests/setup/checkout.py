"""A small checkout with the files of the set-up, and a PATH that holds only what a test puts there."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.running import BOUND

ROOT = Path(__file__).resolve().parents[2]
FILES = ("requirements.txt", "requirements-dev.txt", "constraints.txt", "local.env", "Makefile", "Pulumi.yaml")
FOLDERS = ("tools", "artifact_format", "gcp", "resources")
# The programs of any Linux that the scripts use; each test decides whether there is git, Python, Go, curl, pulumi.
SYSTEM = (
    *(
        "awk",
        "basename",
        "bash",
        "cat",
        "chmod",
        "column",
        "cp",
        "date",
        "df",
        "dirname",
        "find",
        "flock",
        "grep",
        "head",
    ),
    *("hostname", "install", "ln", "ls", "make", "mkdir", "mktemp", "mv", "readlink", "rm", "sed", "sh", "sha256sum"),
    *("sort", "tail", "timeout", "touch", "tr", "uname"),
)


class Checkout:
    """Runs the set-up's scripts in a temporary checkout.

    Attributes:
        root: The checkout, with the files that the set-up reads.
        bin: The only folder on PATH.
        cache: The user's cache folder.
        pulumi_home: Where Pulumi keeps logins and logs; its default is under the home folder in /etc/passwd, not HOME.
    """

    def __init__(self, folder: Path) -> None:
        self.root = folder / "checkout"
        self.bin = folder / "bin"
        self.cache = folder / "cache" / "tf2-models"
        self.pulumi_home = folder / "pulumi"
        for path in (self.root, self.bin):
            path.mkdir()
        for name in FILES:
            shutil.copy(ROOT / name, self.root)
        for name in FOLDERS:
            shutil.copytree(ROOT / name, self.root / name, ignore=shutil.ignore_patterns("__pycache__"))
        for name in SYSTEM:
            if found := shutil.which(name):
                (self.bin / name).symlink_to(found)

    def program(self, name: str, script: str) -> Path:
        """Put a shell script on PATH under a program's name."""
        path = self.bin / name
        path.unlink(missing_ok=True)  # writing to a link would change the system's own program
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return path

    def add_git_and_python(self) -> None:
        """Put on PATH what the set-up checks first: a git, and this test's Python."""
        self.program("git", "exit 0")
        self.program("python3", f'exec "{sys.executable}" "$@"')

    def add_pulumi(self) -> None:
        """Put the real pulumi on PATH."""
        found = shutil.which("pulumi", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
        assert found
        self.program("pulumi", f'exec "{found}" "$@"')

    def run(self, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run a command in the checkout, without this process's environment."""
        environment = {
            "PATH": str(self.bin),
            "HOME": str(self.root.parent),
            "XDG_CACHE_HOME": str(self.cache.parent),
            "PULUMI_HOME": str(self.pulumi_home),
            "TMPDIR": str(self.root.parent),
            **variables,
        }
        return subprocess.run(
            [self.bin / "bash", "-c", 'exec "$@"', "bash", *command],
            cwd=self.root,
            env=environment,
            capture_output=True,
            text=True,
            timeout=BOUND,
            check=False,
        )

    def pulumi(self, version: str) -> str:
        """The script of a `pulumi` that prints this version for `pulumi version`."""
        return f'[ "$1" = version ] && echo "v{version}"; exit 0'


def pinned(package: str) -> str:
    """The version that requirements.txt pins for a package."""
    for line in (ROOT / "requirements.txt").read_text().splitlines():
        name, _, rest = line.partition("==")
        if name == package:
            return rest.partition(";")[0].strip()
    raise LookupError(package)


def errors(result: subprocess.CompletedProcess[str]) -> list[str]:
    """The lines of standard error that start with `error:`."""
    return [line for line in result.stderr.splitlines() if line.startswith("error: ")]
