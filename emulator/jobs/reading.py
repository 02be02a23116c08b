"""From a chunk of a job's input to the arrays that its signature takes. Needs no TensorFlow."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import orjson

from emulator.jobs import columns, shards, tfrecord
from emulator.jobs.columns import Columns
from emulator.serving import numbers, question
from emulator.serving.failures import InvalidInputs
from emulator.serving.signature import Signature
from emulator.serving.tensors import Array, Fast

Refuse = Callable[[str], None]
"""Is told the error of each row that cannot be used."""
Piece = tuple[Mapping[str, Array], int]
"""The arrays of rows that follow one another, by alias, and how many rows they are."""


class Reader:
    """Reads chunks. A row that cannot be parsed or does not fit spoils no other: what fails together is halved.

    Args:
        signature: what the rows are for.
        fast: a quicker conversion of numbers, see `tensors.convert`.
        form: of the chunks, see `shards.plan`.
    """

    def __init__(self, signature: Signature, fast: Fast, *, form: str) -> None:
        self._size = signature.together
        self._signature = signature.opened if self._size > 1 else signature
        self._fast, self._form = fast, form
        inputs = list(signature.inputs.items())
        self._regular = numbers.reader(inputs[0][1]) if len(inputs) == 1 else None

    def read(self, chunk: bytes, refuse: Refuse) -> Iterator[Piece]:
        """All rows of a chunk that can be used, in order; in pieces of as many as one call must have, if it must."""
        pieces = self._read(chunk, refuse)
        yield from _grouped(pieces, self._size, refuse) if self._size > 1 else pieces

    def _read(self, chunk: bytes, refuse: Refuse) -> Iterator[Piece]:
        if self._form != shards.JSON:
            yield from self._pieces(tfrecord.records(chunk), chunk, refuse)
            return
        lines = chunk.removesuffix(b"\n").split(b"\n")
        quick = Columns.of(self._signature)
        if quick is None:
            yield from self._together(lines) or self._strictly(lines, refuse)
            return
        words = b"true" in chunk or b"false" in chunk
        start = 0
        for at in range(0, len(lines), columns.STEP):
            step = lines[at : at + columns.STEP]
            if not quick.add(step, words=words):
                yield from self._taken(quick, lines[start:at], refuse)
                yield from self._strictly(step, refuse)
                start = at + len(step)
        yield from self._taken(quick, lines[start:], refuse)

    def _together(self, lines: Sequence[bytes]) -> list[Piece]:
        """All lines as one piece, where each is a regular array of numbers; else nothing."""
        if self._regular is None or len(set(map(numbers.skeleton, lines))) > 1:
            return []
        array = self._regular.read(b'{"instances":[' + b",".join(lines) + b"]}")
        if array is None or len(array) != len(lines):  # several values in each line
            return []
        (alias,) = self._signature.inputs
        return [({alias: array}, len(array))]

    def _taken(self, quick: Columns, lines: Sequence[bytes], refuse: Refuse) -> Iterator[Piece]:
        """What the quick way took."""
        if not lines:
            return
        inputs = quick.take(len(lines))
        if inputs is None:
            yield from self._strictly(lines, refuse)
        else:
            yield inputs, len(lines)

    def _strictly(self, lines: Sequence[bytes], refuse: Refuse) -> Iterator[Piece]:
        try:
            rows = [orjson.loads(line) for line in lines]
        except orjson.JSONDecodeError:
            rows = [row for line in lines for row in _parsed(line, refuse)]
        yield from self._pieces(rows, b"\n".join(lines), refuse)

    def _pieces(self, rows: Sequence[Any], text: bytes, refuse: Refuse) -> Iterator[Piece]:
        step = 1 if self._size == 1 else max(len(rows), 1)
        for start in range(0, len(rows), step):
            yield from self._converted(rows[start : start + step], text, refuse)

    def _converted(self, rows: Sequence[Any], text: bytes, refuse: Refuse) -> Iterator[Piece]:
        try:
            inputs = question.arrays(rows, self._signature, text, self._fast)
        except InvalidInputs as exc:
            if len(rows) == 1:
                refuse(str(exc))
                return
            middle = len(rows) // 2
            yield from self._converted(rows[:middle], text, refuse)
            yield from self._converted(rows[middle:], text, refuse)
        else:
            yield inputs, len(rows)


def _grouped(pieces: Iterable[Piece], size: int, refuse: Refuse) -> Iterator[Piece]:
    """The rows of all pieces by `size`, from the start. Refuses the rest, and rows that do not go together."""
    rows = [
        {alias: array[row : row + 1] for alias, array in inputs.items()}
        for inputs, count in pieces
        for row in range(count)
    ]
    for start in range(0, len(rows), size):
        group = rows[start : start + size]
        try:
            joined = _joined(group, size)
        except InvalidInputs as exc:
            for _ in group:
                refuse(str(exc))
        else:
            yield joined, size


def _joined(rows: Sequence[Mapping[str, Array]], size: int) -> dict[str, Array]:
    if len(rows) < size:
        left = f"{len(rows)} row{' is' if len(rows) == 1 else 's are'} left"
        raise InvalidInputs(f"the model takes exactly {size} instances, and {left}")
    try:
        return {alias: np.concatenate([row[alias] for row in rows]) for alias in rows[0]}
    except ValueError as exc:
        raise InvalidInputs(f"the model takes {size} instances of one shape: {exc}") from None


def _parsed(line: bytes, refuse: Refuse) -> list[Any]:
    """The row of a line; none where it is no JSON."""
    try:
        return [question.parse(line)]
    except InvalidInputs as exc:
        refuse(str(exc))
        return []
