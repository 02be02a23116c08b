"""The versions of the database's schema, and how a database of an older one is brought up to date.

The version is kept in SQLite's `user_version`. A change of an existing table is a new entry at the end of `MIGRATIONS`;
entries never change, since data folders of every version must open. New tables need none: each module declares its own.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from gcp.errors import Error

MIGRATIONS = (
    # 1: operations belong to an API, which keeps what it needs of the resource in `subject`.
    """
    CREATE TABLE IF NOT EXISTS operations (
        number INTEGER PRIMARY KEY AUTOINCREMENT, project TEXT NOT NULL, id TEXT NOT NULL, type TEXT NOT NULL,
        model TEXT NOT NULL, version TEXT, request TEXT NOT NULL, subject TEXT, labels TEXT NOT NULL,
        created TEXT NOT NULL, ended TEXT, cancelled INTEGER NOT NULL DEFAULT 0, result TEXT, UNIQUE (project, id)
    );
    CREATE TABLE operations_1 (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        api TEXT NOT NULL,
        project TEXT NOT NULL,
        id TEXT NOT NULL,
        type TEXT NOT NULL,
        subject TEXT NOT NULL,
        request TEXT NOT NULL,
        created TEXT NOT NULL,
        ended TEXT,
        cancelled INTEGER NOT NULL DEFAULT 0,
        result TEXT,
        UNIQUE (project, id)
    );
    INSERT INTO operations_1
        SELECT number, 'ml', project, id, type,
            json_object('model', model, 'version', version, 'resource', json(subject), 'labels', json(labels)),
            request, created, ended, cancelled, result
        FROM operations;
    DROP TABLE operations;
    ALTER TABLE operations_1 RENAME TO operations;
    """,
    # 2: jobs belong to an API, too.
    """
    CREATE TABLE IF NOT EXISTS jobs (
        number INTEGER PRIMARY KEY AUTOINCREMENT, project TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL,
        etag TEXT NOT NULL, state TEXT NOT NULL, error TEXT, created TEXT NOT NULL, started TEXT, ended TEXT,
        UNIQUE (project, id)
    );
    ALTER TABLE jobs ADD COLUMN api TEXT NOT NULL DEFAULT 'ml';
    """,
)
"""SQL that leads from each version of the schema to the next."""

VERSION = len(MIGRATIONS)
"""The version of the schema that this program reads and writes."""


def migrate(connection: sqlite3.Connection, folder: Path) -> None:
    """Brings a database up to `VERSION`; a new one just gets the number. Call it before tables are declared.

    Args:
        connection: the database.
        folder: the data folder, for the message.

    Raises:
        Error: a newer version of this program wrote the database; nothing was changed.
    """
    (found,) = connection.execute("PRAGMA user_version").fetchone()
    if found > VERSION:
        raise Error(
            f"{folder} was written by a newer version of the emulator: its schema version is {found}, this one reads"
            f" up to {VERSION}; update this checkout, or name another folder with --data"
        )
    is_new = connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone() is None
    for version in range(VERSION if is_new else found + 1, VERSION + 1):
        script = "" if is_new else MIGRATIONS[version - 1]
        connection.executescript(f"BEGIN IMMEDIATE; {script} PRAGMA user_version = {version}; COMMIT;")
