"""Results that hold their rows, as Vertex AI writes them: in any order, each beside the row that was sent.

They become results like those of the other platforms, a prediction by output name on each line. A file beside them has
a digest of the row of each, by which results and rows are matched.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

from artifact_format import signatures
from prediction.batch.job_files import JobFiles
from prediction.batch.row_matching import NO_REASON, MatchedRow, Rejection, mismatch

UNNAMED = "prediction"
"""The name of a single output whose name is not known."""
_BYTES = 16


def separate(results: Path, split: Callable[[Mapping[str, Any]], tuple[Any, Any]], outputs: Sequence[str]) -> None:
    """Rewrites results to predictions by output name, and writes the digests of their rows.

    Args:
        results: the file.
        split: returns row and prediction of a result.
        outputs: the names of the outputs; empty if they are not known.
    """
    plain = results.with_name(f"{results.name}.plain")
    with results.open("rb") as file, plain.open("wb") as target, _digests(results).open("wb") as digests:
        for line in file:
            row, prediction = split(json.loads(line))
            named = signatures.by_name(prediction, outputs)
            named = named if signatures.is_named(named) else {UNNAMED: named}
            target.write(json.dumps(named, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")
            digests.write(_digest(row))
    plain.replace(results)


class ByRow:
    """Matches results in any order by the row that each of them holds; see `Match`. Equal rows have equal results."""

    def __call__(self, files: JobFiles, results: Path, rejections: Iterator[Rejection]) -> Iterator[MatchedRow]:
        """See `Match`."""
        reasons = {(each.file, each.row): each.error for each in rejections}
        with results.open("rb") as file:
            offsets = _offsets(file, _digests(results))
            for index, path in enumerate(files.paths):
                with path.open("rb") as sent:
                    lines = (line for line in sent if line.strip())
                    for row, number in files.rows(index):
                        found = offsets.get(_digest(json.loads(next(lines)))) if number else None
                        if found:
                            file.seek(found.pop())
                            yield row, file.readline().rstrip(b"\r\n")
                        else:
                            yield replace(row, error=row.error or reasons.get((index, number), NO_REASON)), b""
            if left := sum(map(len, offsets.values())):
                raise mismatch(f"{left} of them hold rows that were not sent")


def _offsets(results: IO[bytes], digests: Path) -> dict[bytes, list[int]]:
    """Digest of a row -> where its results begin in the file, in bytes."""
    found, offset = defaultdict[bytes, list[int]](list), 0
    with digests.open("rb") as file:
        for line in results:
            found[file.read(_BYTES)].append(offset)
            offset += len(line)
    return found


def _digests(results: Path) -> Path:
    return results.with_name(f"{results.name}.digests")


def _digest(row: Any) -> bytes:
    text = json.dumps(_canonical(row), sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=_BYTES).digest()


def _canonical(value: Any) -> Any:
    """A JSON value in which 7.0 is 7: a service may write numbers anew."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [_canonical(item) for item in value]
    if isinstance(value, dict):
        return {key: _canonical(item) for key, item in value.items()}
    return value
