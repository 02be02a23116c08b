"""What a batch prediction job does and gives, whichever API it was made with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from emulator.core.predictions import OutputStyle

INSTANCES = "INSTANCES"
"""The format of results whose lines hold the instances, too."""


@dataclass(frozen=True, kw_only=True, slots=True)
class JobSpec:
    """A job. An API makes it from the job's row, also for a job that is resumed after a start.

    Attributes:
        inputs: `gs://BUCKET/PATTERN`, one or more; `*` and `?` stand for parts of a name without a slash, `**` for any.
        output: `gs://BUCKET/FOLDER`, where the results go.
        row_format: of the input files: `JSON` (a row on each line), `TF_RECORD` or `TF_RECORD_GZIP`.
        output_format: of the results: `JSON` (lines), `CSV`, or `INSTANCES`, lines that hold the instances, too.
        signature: key of the signature; empty for the default one.
        batch_size: rows of one call of the model.
        workers: nodes at most.
        fetch_model: puts the files of the SavedModel into a folder that does not exist yet. Where it raises
            `errors.NotFound` or `errors.FailedPrecondition`, the job fails with that text.
        style: how nodes write predictions; that of the first API by default.
        key_field: of `INSTANCES`: the field of a row that stands for it in the results; the model does not get it.
        included: of `INSTANCES`: the fields that the model gets; all by default.
        excluded: of `INSTANCES`: fields that the model does not get.
    """

    inputs: Sequence[str]
    output: str
    row_format: str
    output_format: str
    signature: str
    batch_size: int
    workers: int
    fetch_model: Callable[[Path], Awaitable[None]]
    style: OutputStyle | None = None
    key_field: str = ""
    included: Sequence[str] = ()
    excluded: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class ResultFile:
    """A file that becomes an object.

    Attributes:
        name: of the object.
        file: its bytes.
        size: in bytes.
        crc32c: in base64.
        md5: in base64.
    """

    name: str
    file: Path
    size: int
    crc32c: str
    md5: str


@dataclass(frozen=True, slots=True)
class JobCounts:
    """Sums over the shards of a job that are whole.

    Attributes:
        predictions: rows with a prediction.
        refused: rows without one.
        seconds: that nodes worked.
    """

    predictions: int
    refused: int
    seconds: float
