"""Clients that are not requirements of this project: built once and kept in the user's cache folder.

`make clean-cache` removes them. Lock files in `programs/` pin their versions.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from benchmarks.servers.other_servers import kept

PROGRAMS = Path(__file__).parent / "programs"
_BUILD_SECONDS = 1500.0
"""The timeout of a download and build: rclone alone takes a few minutes on two cores."""


def require(*tools: str) -> None:
    """Skips the test if a tool is not on PATH."""
    for tool in tools:
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not on PATH")


def installed(name: str, sources: Path, build: Callable[[Path], None]) -> Path:
    """The folder of a client in the cache, built if it is missing or its sources have changed.

    Args:
        name: the client's name.
        sources: the folder whose content determines the build.
        build: fills the empty folder that it gets.
    """
    folder = kept("clients") / f"{name}-{_digest(sources)}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (folder.parent / f".{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the tests of other workers wait for the same build
        if not folder.is_dir():
            for old in folder.parent.glob(f"{name}-*"):
                shutil.rmtree(old)
            _build(folder, build)
    return folder


def _build(folder: Path, build: Callable[[Path], None]) -> None:
    """Builds the folder in one step, so that it is complete or does not exist."""
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".new-") as made:
        new = Path(made) / "new"
        new.mkdir()
        build(new)
        new.rename(folder)


def _digest(sources: Path) -> str:
    digest = hashlib.sha256()
    for file in sorted(path for path in sources.rglob("*") if path.is_file()):
        digest.update(file.relative_to(sources).as_posix().encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def _run(command: Sequence[str], folder: Path) -> None:
    environment = {**os.environ, "GOFLAGS": "", "GOWORK": "off", "CGO_ENABLED": "0"}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=_BUILD_SECONDS, check=False
    )
    assert done.returncode == 0, f"{' '.join(command)}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}"


def go(command: str, module: str = "go") -> Path:
    """The path of a program of a module in `programs/`, built if needed."""
    require("go")
    sources = PROGRAMS / module
    build = ["go", "build", "-trimpath", "-buildvcs=false"]
    folder = installed(
        f"{module}-{command}", sources, lambda new: _run([*build, "-o", f"{new}/", f"./{command}"], sources)
    )
    return folder / command


def node(package: str = "node") -> Path:
    """The folder with the program of a package in `programs/` and the packages it needs."""
    require("node", "npm")

    def build(new: Path) -> None:
        shutil.copytree(PROGRAMS / package, new, dirs_exist_ok=True)
        _run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--cache", f"{new}/.npm"], new)
        shutil.rmtree(new / ".npm")

    return installed(package, PROGRAMS / package, build)


def java() -> str:
    """The class path of the program `Client`."""
    require("java", "javac", "mvn")

    def build(new: Path) -> None:
        copy = ["dependency:copy-dependencies", f"-DoutputDirectory={new}/jars", "-DincludeScope=runtime"]
        _run(["mvn", "--batch-mode", "--quiet", *copy], PROGRAMS / "java")
        _run(["javac", "-proc:none", "-cp", f"{new}/jars/*", "-d", str(new), "Client.java"], PROGRAMS / "java")

    folder = installed("java", PROGRAMS / "java", build)
    return f"{folder}:{folder}/jars/*"


def python(name: str = "python") -> Path:
    """A folder with the Python packages that a folder of `programs/` requires; what is not listed is not installed."""

    def build(new: Path) -> None:
        requirements = str(PROGRAMS / name / "requirements.txt")
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
        _run([*pip, "--target", str(new), "--requirement", requirements], PROGRAMS)

    return installed(name, PROGRAMS / name, build)
