"""How a node reads the rows of a job, and writes their results."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class ChunkOptions:
    """The same for all chunks of a job.

    Attributes:
        row_format: `JSON` (a row on each line), `TF_RECORD` or `TF_RECORD_GZIP`; chunks of the latter two are records.
        batch_size: rows of one call of the model; as many as the signature takes, where that is a fixed number.
        signature: key of the signature; empty for the default one.
        output_format: of the results: `JSON` (lines), `CSV` or `INSTANCES`, see `JobSpec`.
        key_field: see `JobSpec`.
        included: see `JobSpec`.
        excluded: see `JobSpec`.
    """

    row_format: str
    batch_size: int
    signature: str = ""
    output_format: str = "JSON"
    key_field: str = ""
    included: Sequence[str] = ()
    excluded: Sequence[str] = ()
