"""Lines that hold each instance beside its prediction, `{"instance": ..., "prediction": ...}`. Needs no TensorFlow."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import orjson

from emulator.core.predictions import OutputStyle
from emulator.serving.chunks import row_formats, tfrecord
from emulator.serving.chunks.chunk_options import ChunkOptions
from emulator.serving.chunks.json_lines import checked
from emulator.serving.codec import response
from emulator.serving.codec.tensors import Array


class InstanceLines:
    """Writes lines. `keys` is empty: each line has its own.

    Args:
        style: how predictions are written.
        options: which fields of a row the model gets, and which one stands for the row in the results.
    """

    keys: tuple[str, ...] = ()

    def __init__(self, style: OutputStyle, options: ChunkOptions) -> None:
        self._style, self._options = style, options
        self._begins: list[bytes] = []

    def take(self, chunk: bytes) -> bytes:
        """Remembers the rows of the next chunk; returns the chunk as the model gets it."""
        if self._options.row_format != row_formats.JSON:
            texts = (base64.b64encode(record).decode() for record in tfrecord.records(chunk))
            self._begins = [b'{"instance":' + orjson.dumps({"b64": text}) for text in texts]
            return chunk
        lines = chunk.removesuffix(b"\n").split(b"\n")
        if not (self._options.key_field or self._options.included or self._options.excluded):
            self._begins = [b'{"instance":' + line for line in lines]
            return chunk
        rows = [self._row(line) for line in lines]
        self._begins = [begin for begin, _ in rows]
        return b"\n".join(line for _, line in rows) + b"\n"

    def _row(self, line: bytes) -> tuple[bytes, bytes]:
        """How the result of a row begins, and the row as the model gets it. What is no object stays as it is."""
        begin = b'{"instance":' + line
        try:
            row = orjson.loads(line)
        except orjson.JSONDecodeError:
            return begin, line
        if not isinstance(row, dict):
            return begin, line
        options = self._options
        if options.key_field:
            begin = b'{"key":' + orjson.dumps(row.get(options.key_field))
        kept = {
            name: value
            for name, value in row.items()
            if name != options.key_field
            and name not in options.excluded
            and (not options.included or name in options.included)
        }
        return begin, orjson.dumps(kept)

    def write(self, outputs: Mapping[str, Array], at: Sequence[int]) -> bytes:
        """The lines of rows, numbered from 0 in the chunk. Raises `InvalidOutputs`."""
        arrays = checked(outputs, len(at))
        columns = {alias: self._texts(response.column(alias, array)) for alias, array in arrays.items()}
        if len(columns) == 1 and self._style.single_output_bare:
            (texts,) = columns.values()
        else:
            named = [[orjson.dumps(alias) + b":" + text for text in texts] for alias, texts in columns.items()]
            texts = [b"{" + b",".join(row) + b"}" for row in zip(*named, strict=True)]
        rows = zip(at, texts, strict=True)
        return b"".join(self._begins[number] + b',"prediction":' + text + b"}\n" for number, text in rows)

    def _texts(self, column: Array | list[Any]) -> list[bytes]:
        if response.is_flat(column):
            return response.rows(column)
        if isinstance(column, np.ndarray):
            return [orjson.dumps(row, option=orjson.OPT_SERIALIZE_NUMPY) for row in column]
        return [response.plain_json(row, self._style) for row in column]
