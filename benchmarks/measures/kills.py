"""How many of 50 kills during deployments and splits on Vertex AI the recovery completes.

The kills are those of `tests/kills/test_vertex_lives.py`, run as tests: engine, provider or emulator are killed while a
stack is deployed or changed, `tools.recovery` completes it, and everything must be as after a run without a kill. Each
kill that ends so is recorded by its test.
"""

from __future__ import annotations

import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

from benchmarks.figures import BenchmarkError, Figure
from benchmarks.workspace import World

KILLS = 50
TESTS = "tests/kills/test_vertex_lives.py"
_PROPERTY = "recovered"
_MOST_WORKERS = 4


def figures(world: World) -> Iterator[Figure]:
    """The number of kills after which nothing differs."""
    world.say(f"kills: {KILLS} kills, a few minutes")
    folder = world.folder("kills")
    report = folder / "report.xml"
    workers = str(min(len(os.sched_getaffinity(0)), _MOST_WORKERS))
    command = [sys.executable, "-m", "pytest", TESTS, "-n", workers, "-p", "no:cacheprovider"]
    command += [f"--basetemp={folder / 'files'}", f"--junitxml={report}"]
    if world.start(command, stdout=subprocess.DEVNULL).wait() > 1 or not report.is_file():
        raise BenchmarkError(f"`{' '.join(command)}` did not run the tests:\n{world.logged_errors()}")
    recovered, failed = outcome(report)
    yield Figure(
        what=f"of {KILLS} kills of engine, provider or emulator during deployments and splits: recovered",
        measured=recovered,
        bound=KILLS,
        at_least=True,
        spread="; ".join(failed),
        disturbed_by="",
    )


def outcome(report: Path) -> tuple[int, list[str]]:
    """The number of recorded recoveries in a report of pytest (JUnit XML), and the names of the tests that failed."""
    cases = list(ET.parse(report).getroot().iter("testcase"))
    recovered = sum(1 for case in cases for each in case.iter("property") if each.get("name") == _PROPERTY)
    failed = [
        str(case.get("name")) for case in cases if case.find("failure") is not None or case.find("error") is not None
    ]
    return recovered, failed
