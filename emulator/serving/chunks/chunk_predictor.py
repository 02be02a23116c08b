"""The node's side of a job: answers chunks of rows with lines of predictions. Needs no TensorFlow.

A row that cannot be parsed, does not fit the signature or makes the model fail is reported with its error, and does not
affect others: rows that fail together are split in halves until the bad row is alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import orjson

from emulator.core.job_spec import INSTANCES
from emulator.core.predictions import CHUNK, TOO_LONG, Answer, LoadFailed, OutputStyle
from emulator.serving import request_batching
from emulator.serving.chunks import row_formats
from emulator.serving.chunks.chunk_options import ChunkOptions
from emulator.serving.chunks.chunk_reader import ChunkReader
from emulator.serving.chunks.csv_output import CsvOutput
from emulator.serving.chunks.instance_lines import InstanceLines
from emulator.serving.chunks.json_lines import JsonLines
from emulator.serving.codec import signature as signatures
from emulator.serving.codec.tensors import Array
from emulator.serving.prediction_errors import PredictionError
from emulator.serving.request_batching import Answers, Runnable

MOST_ANSWER = 32 << 20
"""Maximum bytes of lines in one response; a chunk with more is requested in halves."""


class _TooMuch(Exception):
    """The results of a chunk with several rows are too long for one response."""


@dataclass
class _Tally:
    predictions: int = 0
    errors: dict[str, list[int]] = field(default_factory=dict)

    def refuse(self, text: str, at: Sequence[int]) -> None:
        self.errors.setdefault(text, []).extend(at)


class ChunkPredictor:
    """A model, asked by chunks.

    Args:
        model: the model.
        style: how results and errors are written.
        options: how rows are read and results are written.

    Raises:
        LoadFailed: there is no such signature, or it cannot answer.
    """

    def __init__(self, model: Runnable, style: OutputStyle, options: ChunkOptions) -> None:
        try:
            self._key = signatures.choose(model.signatures, options.signature)
        except PredictionError as exc:
            raise LoadFailed(str(exc)) from exc
        self._signature = wanted = model.signatures[self._key]
        self._together = wanted.together
        self._style = style
        self._model, self._batch, self._form = model, self._together or options.batch_size, options.row_format
        self._writer: JsonLines | CsvOutput = CsvOutput() if options.output_format == "CSV" else JsonLines(style)
        self._instances = InstanceLines(style, options) if options.output_format == INSTANCES else None
        self._reader = ChunkReader(wanted, model.fast, row_format=options.row_format)

    def answer(self, requests: Iterable[tuple[int, bytes]]) -> Iterator[Answers]:
        """One answer for each chunk (number, content): `CHUNK`, with a line of JSON and the results, or `TOO_LONG`.

        The line is `{"predictions": N, "errors": {TEXT: [ROW, ...]}, "keys": [...]}`: rows with that error are numbered
        from 0 in the chunk, and the keys are those of the results' columns.
        """
        for number, chunk in requests:
            yield [(number, self._answer(chunk))]

    def _answer(self, chunk: bytes) -> Answer:
        try:
            return Answer(CHUNK, self._whole(chunk))
        except _TooMuch:
            return Answer(TOO_LONG, b"")

    def _whole(self, chunk: bytes) -> bytes:
        tally = _Tally()
        written: list[bytes] = []
        size = 0
        for text in self._results(chunk, tally):
            size += len(text)
            if size > MOST_ANSWER:
                if row_formats.count(chunk, self._form) > 1:
                    raise _TooMuch
                tally.predictions, written = 0, []
                tally.refuse(f"The prediction of one instance has more than {MOST_ANSWER} bytes.", [0])
                break
            written.append(text)
        head = orjson.dumps({"predictions": tally.predictions, "errors": tally.errors, "keys": self._writer.keys})
        return b"\n".join((head, b"".join(written)))

    def _results(self, chunk: bytes, tally: _Tally) -> Iterator[bytes]:
        chunk = self._instances.take(chunk) if self._instances else chunk
        for inputs, at in self._reader.read(chunk, partial(self._refuse, tally)):
            for first in range(0, len(at), self._batch):
                end = min(first + self._batch, len(at))
                yield from self._predicted(_part(inputs, first, end), at[first:end], tally)

    def _refuse(self, tally: _Tally, error: PredictionError, at: Sequence[int]) -> None:
        tally.refuse(self._style.error(error.failed, str(error)), at)

    def _predicted(self, inputs: Mapping[str, Array], at: Sequence[int], tally: _Tally) -> Iterator[bytes]:
        count = len(at)
        try:
            outputs = request_batching.run(self._model, self._key, inputs)
            text = self._write(self._signature.by_instance(outputs, count), at)
        except PredictionError as exc:
            if count <= max(self._together, 1):
                self._refuse(tally, exc, at)
                return
            middle = count // 2
            yield from self._predicted(_part(inputs, 0, middle), at[:middle], tally)
            yield from self._predicted(_part(inputs, middle, count), at[middle:], tally)
        else:
            tally.predictions += count
            yield text

    def _write(self, outputs: Mapping[str, Array], at: Sequence[int]) -> bytes:
        return self._instances.write(outputs, at) if self._instances else self._writer.write(outputs, len(at))


def _part(inputs: Mapping[str, Array], start: int, end: int) -> dict[str, Array]:
    return {alias: array[start:end] if array.ndim else array for alias, array in inputs.items()}
