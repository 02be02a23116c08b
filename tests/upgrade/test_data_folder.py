"""Data folders of the emulator that older versions wrote, and one that a newer version wrote."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from emulator.core.migrations import VERSION
from tests.emulator.ml.caller import until
from tests.running import BOUND, ROOT, RunningEmulator

FIXTURES = Path(__file__).parent
FOLDER = FIXTURES / "80c3038"
OLD = sorted(path.parent.name for path in FIXTURES.glob("*/data"))


def call(url: str, body: bytes | None = None) -> Any:
    """The response of a call, parsed if it is JSON, otherwise as text."""
    with urllib.request.urlopen(urllib.request.Request(url, body), timeout=BOUND) as answer:  # noqa: S310 - loopback
        content = answer.read().decode()
    try:
        return json.loads(content)
    except ValueError:
        return content


@pytest.fixture
def emulator(tmp_path: Path) -> Iterator[RunningEmulator]:
    """This version of the emulator on the data folder of 80c3038."""
    shutil.copytree(FOLDER / "data", tmp_path / "data")
    with RunningEmulator(tmp_path / "data") as running:
        yield running


def test_an_old_folder_keeps_everything(emulator: RunningEmulator) -> None:
    """The responses for models, versions, operations, jobs, policies, buckets and objects are the old version's."""
    known = json.loads((FOLDER / "answers.json").read_text(encoding="utf-8"))
    expected = json.loads(json.dumps(known["answers"]).replace(known["endpoint"], emulator.endpoint))

    answers = {path: call(f"{emulator.endpoint}{path}") for path in expected}
    operations = answers["/v1/projects/demo/operations?filter=done:true"]["operations"]
    operations[:] = [operation for operation in operations if operation["name"] != known["running"]]

    assert answers == expected


@pytest.mark.tensorflow
def test_an_old_folder_continues_its_operations(emulator: RunningEmulator) -> None:
    """A pending operation ends, and the versions predict."""
    known = json.loads((FOLDER / "answers.json").read_text(encoding="utf-8"))
    operation, model = f"{emulator.endpoint}/v1/{known['running']}", f"{emulator.endpoint}/v1/projects/demo/models"

    until(lambda: call(operation).get("done"), "the end of the operation")
    predictions = [
        call(f"{model}/doubler/versions/{version}:predict", b'{"instances": [1.5]}') for version in ("v1", "v2")
    ]

    assert call(f"{model}/changing")["description"] == "Changed"
    assert predictions == [{"predictions": [{"y": 3.0}]}, {"predictions": [{"y": 4.5}]}]


def schema(file: Path) -> dict[str, str]:
    """Each table, index and view of a database, without differences in white space and quotes."""
    with closing(sqlite3.connect(file)) as database:
        rows = database.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    return {name: " ".join(sql.replace('"', "").replace(",", " , ").split()) for name, sql in rows}


@pytest.mark.parametrize("folder", OLD)
def test_an_old_database_gets_the_current_schema(folder: str, tmp_path: Path) -> None:
    """Migrations give the same tables and the same version as a new database has."""
    shutil.copytree(FIXTURES / folder / "data", tmp_path / "old")
    for name in ("old", "new"):
        with RunningEmulator(tmp_path / name):
            pass

    with closing(sqlite3.connect(tmp_path / "old/state.sqlite3")) as database:
        assert database.execute("PRAGMA user_version").fetchone() == (VERSION,)
    assert schema(tmp_path / "old/state.sqlite3") == schema(tmp_path / "new/state.sqlite3")


def test_a_newer_folder_is_refused(tmp_path: Path) -> None:
    """One line has the folder, both schema versions and what to do. The folder does not change."""
    with closing(sqlite3.connect(tmp_path / "state.sqlite3")) as database:
        database.execute(f"PRAGMA user_version = {VERSION + 1}")
    before = (tmp_path / "state.sqlite3").read_bytes()

    command = [sys.executable, "-m", "emulator", "serve", "--port", "0", "--data", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=BOUND)

    assert done.returncode == 1
    assert done.stderr == (
        f"error: {tmp_path} was written by a newer version of the emulator: its schema version is {VERSION + 1}, this "
        f"one reads up to {VERSION}; update this checkout, or name another folder with --data\n"
    )
    assert (tmp_path / "state.sqlite3").read_bytes() == before
