"""What survives `kill -9`: one SQLite database in WAL mode, used by one thread."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from emulator.core import migrations


class Store:
    """The emulator's state. Every table belongs to the module that declares it.

    A write is on disk, as far as a killed process can tell, when its `transaction` ends. (A machine that loses power
    may lose the last ones: `synchronous=NORMAL`.)

    Args:
        file: the database, in the data folder. It is made if it does not exist, and brought up to the current schema.

    Raises:
        Error: a newer version of this program wrote it.
    """

    def __init__(self, file: Path) -> None:
        self._connection = sqlite3.connect(file, isolation_level=None, check_same_thread=True)
        migrations.migrate(self._connection, file.parent)
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=NORMAL")
        self._connection.execute("PRAGMA foreign_keys=ON")

    def declare(self, script: str) -> None:
        """Runs `CREATE TABLE IF NOT EXISTS ...` statements."""
        self._connection.executescript(script)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All writes inside take effect together, or none if an exception leaves. A nested one joins the outer one.

        Hold no `await` inside: the event loop is what keeps transactions apart.
        """
        if self._connection.in_transaction:
            yield
            return
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            self._undo()
            raise

    def _undo(self) -> None:
        if self._connection.in_transaction:  # where the disk is full, SQLite may have ended it itself
            self._connection.execute("ROLLBACK")

    def run(self, statement: str, *values: Any) -> int:
        """Executes one statement; returns the number of rows that it changed."""
        return self._connection.execute(statement, values).rowcount

    def one(self, query: str, *values: Any) -> sqlite3.Row | None:
        """The first row, or None."""
        row: sqlite3.Row | None = self._connection.execute(query, values).fetchone()
        return row

    def all(self, query: str, *values: Any) -> list[sqlite3.Row]:
        """All rows."""
        return self._connection.execute(query, values).fetchall()

    @property
    def changes(self) -> int:
        """Grows whenever a row changes: what was read before it did may be read anew."""
        return self._connection.total_changes

    def close(self) -> None:
        """Writes the log back into the database and closes it."""
        self._connection.close()
