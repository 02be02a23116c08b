"""The log file and its size."""

from __future__ import annotations

from pathlib import Path

from emulator.core.log import Log


def test_the_log_is_bounded(tmp_path: Path) -> None:
    """Full, it begins anew beside one old file; what the serving processes append to it counts and goes on there."""
    log = Log(tmp_path / "log", most=2000)
    with (tmp_path / "log").open("a", encoding="utf-8") as another:
        for number in range(100):
            log.line(f"call {number}")
            another.write(f"said {number} {'x' * 50}\n")
            another.flush()
    log.close()

    assert sorted(path.name for path in tmp_path.iterdir()) == ["log", "log.1"]
    old, new = ((tmp_path / name).read_text(encoding="utf-8").splitlines() for name in ("log.1", "log"))
    assert sum(len(line) + 1 for line in (*old, *new)) < 2 * (2000 + 200)
    assert new[-1].startswith("said 99 ")
    numbers = [int(line.rpartition(" ")[2]) for line in (*old, *new) if "call" in line]
    assert numbers == list(range(numbers[0], 100)), "nothing is lost between the two"


def test_a_log_that_was_removed_is_no_trouble(tmp_path: Path) -> None:
    """Lines are still taken."""
    log = Log(tmp_path / "log", most=100)
    (tmp_path / "log").unlink()
    for number in range(10):
        log.line(f"call {number}")
    log.close()

    assert not (tmp_path / "log.1").exists()
