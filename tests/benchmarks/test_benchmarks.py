"""Figures and their bounds, the watching of processes, and the clean-up of a run."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from benchmarks.__main__ import NAMES
from benchmarks.figures import OTHER_PROGRAMS, Figure, Pairs, alternate, show, write
from benchmarks.measures import kills
from benchmarks.process_watch import Watch, core_seconds, descendants
from tests.running import BOUND, ROOT, alive

linux = pytest.mark.skipif(sys.platform != "linux", reason="processes are watched in /proc")
HOLDS_200_MB = "x = bytearray(200_000_000); print('ready', flush=True); input()"
LEAVES_PROCESSES = """
import subprocess, sys
from pathlib import Path
from benchmarks.workspace import World
with World(lambda text: None) as world:
    (world.folder("kept") / "file").write_text("x")
    world.start(["sleep", "600"])
    orphan = world.start(["sh", "-c", "setsid sleep 600 >&- & echo $!"], start_new_session=False)
    orphan.wait()
    print(orphan.stdout.readline(), flush=True)
    raise SystemExit(7)
"""


def run(*command: str, **environment: str) -> subprocess.Popen[str]:
    """Starts Python in the checkout with a command line."""
    return subprocess.Popen(
        [sys.executable, *command],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize(
    ("measured", "bound", "at_least", "holds", "reason"),
    [
        (1.5, 1.5, False, True, "a bound is the maximum"),
        (1.501, 1.5, False, False, "above the maximum"),
        (0, 0, False, True, "zero is within a bound of zero"),
        (9.0, None, False, True, "a figure without a bound is for information"),
        (20.0, 20.0, True, True, "a bound can be the minimum"),
        (19.9, 20.0, True, False, "below the minimum"),
    ],
)
def test_a_figure_is_compared_with_its_bound(
    *, measured: float, bound: float | None, at_least: bool, holds: bool, reason: str
) -> None:
    """It passes if it equals its bound."""
    assert Figure(what="x", measured=measured, bound=bound, at_least=at_least).holds is holds, reason


def test_the_sides_of_a_comparison_alternate() -> None:
    """Each side runs first in every other pair, and each pair has the first side's value first."""
    order: list[str] = []

    def side(name: str) -> float:
        order.append(name)
        return float(len(order))

    pairs = list(alternate(3, lambda: side("a"), lambda: side("b")))

    assert order == ["a", "b", "b", "a", "a", "b"]
    assert pairs == [(1.0, 2.0), (4.0, 3.0), (5.0, 6.0)]


def test_one_disturbed_pair_does_not_change_the_figure() -> None:
    """The median is the figure, and the spread shows the disturbance."""
    pairs = Pairs([1.0, 1.1, 9.0])

    assert pairs.median == 1.1
    assert pairs.spread == "3 pairs, 1.00 to 9.00"


def test_figures_are_written_as_json(tmp_path: Path) -> None:
    """Each has its attributes and whether it holds its bound."""
    write([Figure(what="x", measured=2.0, bound=1.0, unit="s", spread="wide")], tmp_path / "figures.json")

    kept = {"what": "x", "measured": 2.0, "bound": 1.0, "at_least": False, "unit": "s", "spread": "wide"}
    assert json.loads((tmp_path / "figures.json").read_text()) == [
        {**kept, "disturbed_by": OTHER_PROGRAMS, "holds": False}
    ]


@pytest.mark.parametrize(
    ("figure", "line"),
    [
        (
            Figure(what="x", measured=1.5, bound=1.0, spread="5 pairs"),
            "x: 1.50 is 50% above 1 (5 pairs). Possible cause: ",
        ),
        (
            Figure(what="x", measured=9, bound=10, at_least=True, unit="MB"),
            "x: 9 MB is 10% below 10 MB. Possible cause: ",
        ),
        (Figure(what="x", measured=3, bound=0, disturbed_by=""), "x: 3 is 3 above 0. Only the code affects it."),
        (Figure(what="x", measured=1.0, bound=1.0), ""),
        (Figure(what="x", measured=1.0), ""),
    ],
)
def test_the_failure_of_a_bound_says_by_how_much_and_why(figure: Figure, line: str) -> None:
    """The line has the excess, and possible causes besides the code."""
    assert figure.failure.startswith(line)
    assert bool(figure.failure) is not figure.holds


def test_figures_without_a_bound_are_shown_separately(capsys: pytest.CaptureFixture[str]) -> None:
    """Figures with a bound come first, then those without, then the failures."""
    found = [Figure(what="free", measured=1.0), Figure(what="kept", measured=1.0, bound=2.0)]

    show([*found, Figure(what="broken", measured=3.0, bound=2.0)], Console(width=120))
    lines = [line.strip() for line in capsys.readouterr().out.splitlines() if line.strip()]

    places = {text: next(place for place, line in enumerate(lines) if line.startswith(text)) for text in _SHOWN}
    assert sorted(_SHOWN, key=lambda text: places[text]) == list(_SHOWN)
    assert "pass" in lines[places["kept"]]
    assert "FAIL" in lines[places["broken"]]


_SHOWN = ("bounds", "kept", "broken", "for information", "free", "FAIL broken: 3 is 50% above 2.")


def test_only_recorded_recoveries_count_as_kills(tmp_path: Path) -> None:
    """A test that fails at its second kill counts once, and is named."""
    report = tmp_path / "report.xml"
    report.write_text(_REPORT, encoding="utf-8")

    assert kills.outcome(report) == (3, ["test_x[provider-1]", "test_x[emulator-2]"])


_REPORT = """<testsuites><testsuite>
<testcase name="test_x[engine-0]">
  <properties><property name="recovered" value="up"/><property name="recovered" value="update"/></properties>
</testcase>
<testcase name="test_x[provider-1]">
  <properties><property name="recovered" value="up"/></properties><failure message="x">...</failure>
</testcase>
<testcase name="test_x[emulator-2]"><error message="x">...</error></testcase>
</testsuite></testsuites>
"""


@linux
def test_core_seconds_are_the_cpu_time_of_the_process() -> None:
    """CPU time grows while the process works, but not while it waits."""
    with run("-c", "import time\nwhile time.process_time() < 0.5: pass\nprint('done', flush=True); input()") as process:
        assert process.stdout is not None
        process.stdout.readline()
        worked = core_seconds(process.pid)
        process.communicate("\n", timeout=BOUND)

    assert 0.4 < worked < 2.0


@linux
def test_files_in_memory_are_removed_by_the_run_or_by_the_next_one(tmp_path: Path) -> None:
    """Otherwise the folders of a killed run stay in memory until a reboot."""
    with run("-c", _KILLED, TMPDIR=str(tmp_path)) as process:
        left = Path(process.communicate(timeout=BOUND)[0].strip())
    with run("-c", _NEXT, TMPDIR=str(tmp_path)) as process:
        output, errors = process.communicate(timeout=BOUND)

    folder, in_memory, place = output.splitlines()
    assert errors == ""
    assert (in_memory == "True") is (Path(folder).parts[1:3] == ("dev", "shm"))
    assert ("keep their files in memory" in place) is (in_memory == "True")
    assert not Path(folder).exists()
    assert in_memory == "False" or not left.exists()


_KILLED = """
import os
from benchmarks.workspace import World
print(World(lambda text: None).memory_folder("x"), flush=True)
os._exit(1)
"""


@linux
def test_the_peak_memory_of_a_provider_is_measured() -> None:
    """The provider is found below another process by its command line, at any depth."""
    with run("-c", HOLDS_200_MB, "pulumi.dynamic") as process:
        assert process.stdout is not None
        process.stdout.readline()
        watch = Watch(os.getpid())
        watch.sample()
        process.communicate("\n", timeout=BOUND)

    assert 200e6 < watch.result().peak < 300e6
    assert not watch.result().tensorflow


@linux
def test_a_failed_run_leaves_nothing(tmp_path: Path) -> None:
    """It leaves no process, not even an orphan, and no file."""
    with run("-c", LEAVES_PROCESSES, TMPDIR=str(tmp_path)) as process:
        output, errors = process.communicate(timeout=BOUND)

    assert process.returncode == 7, errors
    assert not alive(int(output))
    assert list(tmp_path.iterdir()) == []


@linux
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_leaves_nothing(tmp_path: Path, number: signal.Signals) -> None:
    """Ctrl-C in the middle of an export ends every process and removes every file."""
    with run("-m", "benchmarks", "operations", TMPDIR=str(tmp_path)) as process:
        assert process.stderr is not None
        assert "exporting" in process.stderr.readline()
        process.send_signal(number)
        output, errors = process.communicate(timeout=BOUND)

    assert (process.returncode, output, errors) == (130, "", "benchmarks: interrupted; nothing is left\n")
    assert list(tmp_path.iterdir()) == []
    assert process.pid not in descendants(os.getpid())


@pytest.mark.parametrize("arguments", [("speed",), ("calls", "--json", "no/such/folder/file.json"), ("--fast",)])
def test_wrong_usage_is_reported_before_anything_runs(arguments: tuple[str, ...]) -> None:
    """The exit code is 2, and the error names the argument."""
    with run("-m", "benchmarks", *arguments) as process:
        _, errors = process.communicate(timeout=BOUND)

    assert process.returncode == 2
    assert f"{arguments[-1]}" in errors


def test_help_names_every_figure() -> None:
    """It also has examples and exit codes."""
    with run("-m", "benchmarks", "--help") as process:
        output, _ = process.communicate(timeout=BOUND)

    assert process.returncode == 0
    assert all(f"  {name} " in output for name in NAMES)
    assert "exit codes:" in output


_NEXT = """
from benchmarks.workspace import World
with World(lambda text: None) as world:
    print(world.memory_folder("x"), world.in_memory, world.place, sep="\\n")
"""
