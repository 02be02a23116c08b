"""Predictions that are logged, as `requestLoggingConfig` asks."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest

from emulator.ml import request_log
from emulator.ml.request_log import RequestLog
from tests.emulator.ml.caller import Caller, until
from tests.running import ROOT, RunningEmulator

_QUOTED = 'p.d."; DROP TABLE x; --/../t'


def _version(table: str = "p.d.t", share: float = 1.0, name: str = "v1") -> Any:
    """A row of the table of versions."""
    database = sqlite3.connect(":memory:")
    database.row_factory = sqlite3.Row
    body = json.dumps({"requestLoggingConfig": {"bigqueryTableName": table, "samplingPercentage": share}})
    row = database.execute("SELECT ? AS body, 'm' AS model, ? AS name", (body, name)).fetchone()
    database.close()
    return row


def _predictions(log: RequestLog, version: Any, count: int, size: int = 10) -> None:
    for number in range(count):
        log.offer(version, b"r" * size, str(number).encode())


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the log is."""
    return tmp_path / request_log.FILE


def test_rows_have_the_columns_of_the_documentation(file: Path) -> None:
    """model, model_version, time, raw_data, raw_prediction, groundtruth; texts as they were sent."""
    log = RequestLog(file)
    log.offer(_version(), '{"instances": ["é"]}'.encode(), b'{"predictions": [1]}')
    log.close()

    (row,) = request_log.last(file, "p.d.t", 5) or []

    assert row.pop("time").endswith("+00:00")  # type: ignore[union-attr] # the column is NOT NULL
    assert row == {
        "model": "m",
        "model_version": "v1",
        "raw_data": '{"instances": ["é"]}',
        "raw_prediction": '{"predictions": [1]}',
        "groundtruth": None,
    }


@pytest.mark.parametrize(("share", "rows"), [(0.0, 0), (0.25, 5), (0.5, 10), (1.0, 20)])
def test_a_share_of_the_predictions_is_logged(file: Path, share: float, rows: int) -> None:
    """As many as `samplingPercentage` says, by chance."""
    log = RequestLog(file, chance=cycle([0.1, 0.3, 0.6, 0.9]).__next__)
    _predictions(log, _version(share=share), 20)
    log.close()

    assert sum(count for _, count in request_log.tables(file)) == rows


def test_a_version_without_a_table_logs_nothing(file: Path) -> None:
    """And no file is made."""
    log = RequestLog(file)
    log.offer({"body": "{}", "model": "m", "name": "v"}, b"", b"")  # type: ignore[arg-type] # as a row is read
    log.close()

    assert not file.exists()


def test_any_name_is_a_table_and_never_a_file(file: Path) -> None:
    """Names that SQL or a file system would take for something else are names."""
    log = RequestLog(file)
    _predictions(log, _version(_QUOTED), 3)
    _predictions(log, _version("p.d.t"), 1)
    log.close()

    assert request_log.tables(file) == [(_QUOTED, 3), ("p.d.t", 1)]
    assert {path.name for path in file.parent.iterdir()} <= {file.name, f"{file.name}-wal", f"{file.name}-shm"}


def test_the_size_is_bounded(file: Path) -> None:
    """The oldest rows go; the last ones stay."""
    log = RequestLog(file, most_bytes=1 << 20)
    for number in range(40):
        _predictions(log, _version(), 10, size=10_000)
        log.offer(_version(), b"last", str(number).encode())
    log.close()

    assert log.dropped == 0
    assert file.stat().st_size < 2 << 20
    (row,) = request_log.last(file, "p.d.t", 1) or []
    assert row["raw_prediction"] == "39"


def test_what_cannot_be_written_in_time_is_dropped_and_counted(file: Path) -> None:
    """While another process holds the file, rows wait, and then are dropped; nothing waits for them."""
    log = RequestLog(file)
    _predictions(log, _version(), 1)
    until(lambda: request_log.tables(file) == [("p.d.t", 1)], "the first row")
    with sqlite3.connect(file, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        _predictions(log, _version(), 200, size=1 << 20)
        other.execute("ROLLBACK")
    log.close()

    assert 0 < log.dropped < 200
    assert request_log.tables(file) == [("p.d.t", 201 - log.dropped)]


@pytest.mark.tensorflow
def test_a_versions_predictions_are_logged_from_its_patch_on(
    emulator_factory: Callable[..., RunningEmulator], project: str
) -> None:
    """The API's patch turns it on; rows survive a restart; the command line shows them."""
    ml = Caller(emulator_factory(), project)
    version = ml.version(ml.model())
    ml.predict(version["name"], [1.0])
    config = {"requestLoggingConfig": {"bigqueryTableName": "p.d.t", "samplingPercentage": 1.0}}
    ml.response(ml.versions.patch(name=version["name"], updateMask="requestLoggingConfig", body=config).execute())
    ml.predict(version["name"], [2.0])
    ml.emulator.stop()
    emulator = emulator_factory(data=ml.emulator.data)
    Caller(emulator, project).predict(version["name"], [3.0])
    until(lambda: request_log.tables(emulator.data / request_log.FILE) == [("p.d.t", 2)], "two rows")

    command = [sys.executable, "-m", "emulator", "requests", "--data", str(emulator.data)]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    shown = subprocess.run([*command, "p.d.t"], cwd=ROOT, capture_output=True, text=True, check=True)
    unknown = subprocess.run([*command, "p.d.u"], cwd=ROOT, capture_output=True, text=True, check=False)

    assert listed.stdout.split() == ["TABLE", "ROWS", "p.d.t", "2"]
    rows = [json.loads(line) for line in shown.stdout.splitlines()]
    assert [json.loads(row["raw_data"])["instances"] for row in rows] == [[2.0], [3.0]]
    assert [json.loads(row["raw_prediction"]) for row in rows] == [
        {"predictions": [{"y": 4.0}]},
        {"predictions": [{"y": 6.0}]},
    ]
    assert unknown.returncode == 1
    assert unknown.stderr.startswith("error: no predictions logged to p.d.u")
