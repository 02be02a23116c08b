"""Uploads that take several requests: one row each, whose blobs the database names from their beginning."""

from __future__ import annotations

import json
import secrets
import sqlite3
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from emulator.core import rfc3339
from emulator.storage.object_store import ObjectStore
from emulator.storage.uploads.upload import Upload

_DAYS = 7
"""An unfinished upload is kept for this long, as Google does."""


class UploadSessions:
    """The rows of `storage_uploads`; `storage_parts` goes with them.

    Args:
        objects: holds the rows and the blobs.
    """

    def __init__(self, objects: ObjectStore) -> None:
        self._objects, self._store = objects, objects.store

    def begin(self, upload: Upload, params: Mapping[str, Any], total: int | None = None) -> str:
        """Opens a session with an empty blob; returns its id.

        Args:
            upload: what it is to become.
            params: the parameters of the request, which hold for the whole session.
            total: size of the object in bytes, if the caller gave it.
        """
        self.end_old()
        session, blob = secrets.token_urlsafe(24), self._objects.blobs.create()
        self._store.run(
            "INSERT INTO storage_uploads VALUES (?, ?, ?, ?, ?, NULL, ?, ?, ?)",
            *(session, upload.bucket, upload.name, blob, total),
            *(json.dumps({**params, "promised": upload.promised}), json.dumps(upload.resource)),
            rfc3339.milliseconds(self._objects.clock.now()),
        )
        return session

    def find(self, session: str, bucket: str) -> sqlite3.Row | None:
        """Returns the row of a session of a bucket, or None."""
        self.end_old()
        return self._store.one("SELECT * FROM storage_uploads WHERE id = ? AND bucket = ?", session, bucket)

    def complete(self, session: str, generation: int) -> None:
        """Records that a session made an object, which has its blob from now on. Call it in the transaction."""
        self._store.run("UPDATE storage_uploads SET blob = NULL, generation = ? WHERE id = ?", generation, session)

    def end(self, session: str) -> None:
        """Removes the row of a session and of its parts; the caller removes the blobs after the transaction."""
        self._store.run("DELETE FROM storage_uploads WHERE id = ?", session)

    def end_old(self) -> None:
        """Ends the sessions that are older than a week, and removes the bytes that arrived for them."""
        oldest = rfc3339.milliseconds(self._objects.clock.now() - timedelta(days=_DAYS))
        old = [
            row["blob"] for row in self._store.all("SELECT blob FROM storage_upload_blobs WHERE started < ?", oldest)
        ]
        if old:
            self._store.run("DELETE FROM storage_uploads WHERE started < ?", oldest)
            self._objects.blobs.remove_unused(old)
