"""The tables of Cloud Storage."""

# Names are compared byte by byte (SQLite's BINARY collation of UTF-8), which is the order that the API lists in.
# `storage_objects.deleted` is null for the live generation of a name. Rows may share a `blob`: a copy costs no bytes.
# `storage_parts` holds the parts of an upload of the XML API. `storage_upload_blobs` has every file of an upload.
# `storage_uploads.blob` is null once the upload is complete; `generation` is then that of the object.
SCRIPT = """
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
