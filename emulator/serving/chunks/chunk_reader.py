"""Turns a chunk of a job's input into the arrays that its signature takes. Needs no TensorFlow."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

import numpy as np
import orjson

from emulator.serving.chunks import row_formats, tfrecord
from emulator.serving.codec import request
from emulator.serving.codec.fast_reader import Arrays, FastReader
from emulator.serving.codec.signature import Signature
from emulator.serving.codec.tensors import Array, Fast
from emulator.serving.prediction_errors import InvalidInputs

STEP = 256
"""Lines that are read fast, or not, together: what they are parsed to fits the processor's cache."""
Refuse = Callable[[InvalidInputs, Sequence[int]], None]
"""Takes the error of rows that cannot be used, and their numbers in the chunk, from 0."""
Piece = tuple[Mapping[str, Array], Sequence[int]]
"""The arrays of rows, by alias, and the rows' numbers in the chunk, in order."""


class ChunkReader:
    """Reads chunks. A bad row does not affect others: rows that fail together are split in halves and tried again.

    Args:
        signature: what the rows are for.
        fast: a faster conversion of numbers, see `tensors.convert`.
        row_format: of the chunks, see `ChunkOptions`.
    """

    def __init__(self, signature: Signature, fast: Fast, *, row_format: str) -> None:
        self._size = signature.together
        self._signature = signature.opened if self._size > 1 else signature
        self._fast, self._row_format = fast, row_format
        self._reader = FastReader.of(self._signature)

    def read(self, chunk: bytes, refuse: Refuse) -> Iterator[Piece]:
        """All rows of a chunk that can be used, in order; in pieces of as many as one call must have, if it must."""
        pieces = self._read(chunk, refuse)
        yield from _grouped(pieces, self._size, refuse) if self._size > 1 else pieces

    def _read(self, chunk: bytes, refuse: Refuse) -> Iterator[Piece]:
        if self._row_format != row_formats.JSON:
            records = tfrecord.records(chunk)
            yield from self._pieces(records, range(len(records)), chunk, refuse)
            return
        lines = chunk.removesuffix(b"\n").split(b"\n")
        for irregular, run in groupby(self._blocks(lines), key=lambda block: block[1] is None):
            starts, arrays = zip(*run, strict=True)
            start, end = starts[0], min(starts[-1] + STEP, len(lines))
            if irregular:
                yield from self._strictly(lines[start:end], range(start, end), refuse)
            else:
                yield _concatenated(arrays), range(start, end)

    def _blocks(self, lines: Sequence[bytes]) -> Iterator[tuple[int, Arrays | None]]:
        """The start and the arrays of each block of lines; None for the arrays where it must be read strictly."""
        for start in range(0, len(lines), STEP):
            yield start, self._reader.lines(lines[start : start + STEP]) if self._reader else None

    def _strictly(self, lines: Sequence[bytes], at: Sequence[int], refuse: Refuse) -> Iterator[Piece]:
        try:
            rows = [orjson.loads(line) for line in lines]
        except orjson.JSONDecodeError:
            parsed = [pair for line, number in zip(lines, at, strict=True) for pair in _parsed(line, number, refuse)]
            rows, at = [row for row, _ in parsed], [number for _, number in parsed]
        yield from self._pieces(rows, at, b"\n".join(lines), refuse)

    def _pieces(self, rows: Sequence[Any], at: Sequence[int], text: bytes, refuse: Refuse) -> Iterator[Piece]:
        step = 1 if self._size == 1 else max(len(rows), 1)
        for start in range(0, len(rows), step):
            yield from self._converted(rows[start : start + step], at[start : start + step], text, refuse)

    def _converted(self, rows: Sequence[Any], at: Sequence[int], text: bytes, refuse: Refuse) -> Iterator[Piece]:
        try:
            inputs = request.arrays(rows, self._signature, text, self._fast)
        except InvalidInputs as exc:
            if len(rows) == 1:
                refuse(exc, at)
                return
            middle = len(rows) // 2
            yield from self._converted(rows[:middle], at[:middle], text, refuse)
            yield from self._converted(rows[middle:], at[middle:], text, refuse)
        else:
            yield inputs, at


def _concatenated(blocks: Sequence[Arrays]) -> Arrays:
    if len(blocks) == 1:
        return blocks[0]
    return {alias: np.concatenate([block[alias] for block in blocks]) for alias in blocks[0]}


def _grouped(pieces: Iterable[Piece], size: int, refuse: Refuse) -> Iterator[Piece]:
    """The rows of all pieces by `size`, from the start. Refuses the rest, and rows that do not go together."""
    rows = [
        ({alias: array[row : row + 1] for alias, array in inputs.items()}, number)
        for inputs, at in pieces
        for row, number in enumerate(at)
    ]
    for start in range(0, len(rows), size):
        group = rows[start : start + size]
        at = [number for _, number in group]
        try:
            joined = _joined([row for row, _ in group], size)
        except InvalidInputs as exc:
            refuse(exc, at)
        else:
            yield joined, at


def _joined(rows: Sequence[Mapping[str, Array]], size: int) -> dict[str, Array]:
    if len(rows) < size:
        left = f"{len(rows)} row{' is' if len(rows) == 1 else 's are'} left"
        raise InvalidInputs(f"the model takes exactly {size} instances, and {left}")
    try:
        return {alias: np.concatenate([row[alias] for row in rows]) for alias in rows[0]}
    except ValueError as exc:
        raise InvalidInputs(f"the model takes {size} instances of one shape: {exc}") from None


def _parsed(line: bytes, number: int, refuse: Refuse) -> list[tuple[Any, int]]:
    """The row of a line, with its number; nothing where the line is not valid JSON."""
    try:
        return [(request.parse(line), number)]
    except InvalidInputs as exc:
        refuse(exc, [number])
        return []
