"""The formats of a job's rows, and the rows of a chunk: lines of JSON, or records of a TFRecord file."""

from __future__ import annotations

from emulator.serving.chunks import tfrecord

JSON, TF_RECORD, TF_RECORD_GZIP = "JSON", "TF_RECORD", "TF_RECORD_GZIP"


def count(chunk: bytes, form: str) -> int:
    """The number of rows of a chunk."""
    return chunk.removesuffix(b"\n").count(b"\n") + 1 if form == JSON else len(tfrecord.records(chunk))


def halves(chunk: bytes, form: str) -> tuple[bytes, bytes]:
    """Two chunks with the rows of one that has several."""
    rows = (
        [row + b"\n" for row in chunk.removesuffix(b"\n").split(b"\n")]
        if form == JSON
        else list(map(tfrecord.frame, tfrecord.records(chunk)))
    )
    middle = len(rows) // 2
    return b"".join(rows[:middle]), b"".join(rows[middle:])
