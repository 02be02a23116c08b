"""The tables of this API, and what is put right when the emulator starts."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from emulator.core import rfc3339
from emulator.storage import blobs

if TYPE_CHECKING:
    from emulator.app import Emulator

SESSION_DAYS = 7
"""How long an unfinished upload is kept, as Google does."""

# Names are compared byte by byte (SQLite's BINARY collation of UTF-8), which is the order that the API lists in.
# `storage_objects.deleted` is null for the live generation of a name. Rows may share a `blob`: a copy costs no bytes.
# `storage_parts` holds the parts of an upload of the XML API. `storage_upload_blobs` has every file of an upload.
# `storage_uploads.blob` is null once the upload is complete; `generation` is then that of the object.
_SCRIPT = """
CREATE TABLE IF NOT EXISTS storage_buckets (
    name TEXT PRIMARY KEY,
    project TEXT NOT NULL,
    generation INTEGER NOT NULL,
    metageneration INTEGER NOT NULL,
    created TEXT NOT NULL,
    updated TEXT NOT NULL,
    resource TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS storage_objects (
    bucket TEXT NOT NULL REFERENCES storage_buckets (name),
    name TEXT NOT NULL,
    generation INTEGER NOT NULL,
    metageneration INTEGER NOT NULL,
    blob TEXT NOT NULL,
    size INTEGER NOT NULL,
    crc32c TEXT NOT NULL,
    md5 TEXT,
    components INTEGER,
    created TEXT NOT NULL,
    updated TEXT NOT NULL,
    deleted TEXT,
    resource TEXT NOT NULL,
    PRIMARY KEY (bucket, name, generation)
) WITHOUT ROWID;
CREATE UNIQUE INDEX IF NOT EXISTS storage_objects_live ON storage_objects (bucket, name) WHERE deleted IS NULL;
CREATE INDEX IF NOT EXISTS storage_objects_blob ON storage_objects (blob);
CREATE TABLE IF NOT EXISTS storage_uploads (
    id TEXT PRIMARY KEY,
    bucket TEXT NOT NULL,
    name TEXT NOT NULL,
    blob TEXT,
    total INTEGER,
    generation INTEGER,
    params TEXT NOT NULL,
    resource TEXT NOT NULL,
    started TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS storage_uploads_blob ON storage_uploads (blob);
CREATE INDEX IF NOT EXISTS storage_uploads_started ON storage_uploads (started);
CREATE TABLE IF NOT EXISTS storage_parts (
    upload TEXT NOT NULL REFERENCES storage_uploads (id) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    blob TEXT NOT NULL,
    md5 TEXT NOT NULL,
    PRIMARY KEY (upload, number)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS storage_parts_blob ON storage_parts (blob);
CREATE VIEW IF NOT EXISTS storage_upload_blobs AS
    SELECT blob, bucket, started FROM storage_uploads
    UNION ALL
    SELECT part.blob, bucket, started FROM storage_parts AS part JOIN storage_uploads AS upload ON upload.id = upload;
CREATE TABLE IF NOT EXISTS storage_clock (id INTEGER PRIMARY KEY CHECK (id = 1), generation INTEGER NOT NULL);
INSERT OR IGNORE INTO storage_clock VALUES (1, 0);
"""


def prepare(emulator: Emulator) -> None:
    """Declares the tables, ends upload sessions older than a week and removes files that belong to no row.

    Such files are what a process leaves that was killed between writing an object's bytes and committing its row, or
    between deleting the row and removing the file. Call it before the first request.
    """
    emulator.store.declare(_SCRIPT)
    blobs.folder(emulator).mkdir(parents=True, exist_ok=True)
    end_old_uploads(emulator)
    blobs.sweep(emulator)


def end_old_uploads(emulator: Emulator) -> None:
    """Ends the upload sessions that are older than a week, and removes the bytes that came for them."""
    oldest = rfc3339.milliseconds(emulator.now() - timedelta(days=SESSION_DAYS))
    old = [row["blob"] for row in emulator.store.all("SELECT blob FROM storage_upload_blobs WHERE started < ?", oldest)]
    if old:
        emulator.store.run("DELETE FROM storage_uploads WHERE started < ?", oldest)
        blobs.remove_unused(emulator, old)


def next_generation(emulator: Emulator) -> int:
    """A generation number: microseconds since 1970, greater than any given before. Call it inside a transaction."""
    now = int(emulator.now().timestamp() * 1_000_000)
    emulator.store.run("UPDATE storage_clock SET generation = max(generation + 1, ?)", now)
    row = emulator.store.one("SELECT generation FROM storage_clock")
    assert row is not None
    return int(row["generation"])
