"""Answers requests that came together with as few calls of the model as their shapes allow. Needs no TensorFlow."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Any, Protocol

import numpy as np

from emulator.core.predictions import PREDICTIONS, REFUSED, Answer, OutputStyle
from emulator.serving.codec import response
from emulator.serving.codec.request import Request, RequestReader
from emulator.serving.codec.signature import Signature
from emulator.serving.codec.tensors import Array, Fast
from emulator.serving.prediction_errors import PredictionError, RunFailed, reason

_ROWS = 256
"""Instances that one call takes at most, unless one request alone has more: bounds memory, and gains end before."""


Answers = Sequence[tuple[int, Answer]]
"""Answers that become known at the same time, each with the number of its request."""


class Runnable(Protocol):
    """What this module uses of `tensorflow_model.Model`."""

    signatures: Mapping[str, Signature]
    independent: Collection[str]

    @property
    def fast(self) -> Fast:
        """See `tensors.convert`."""

    def run(self, key: str, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """One call of a signature."""


class Batcher:
    """A model, asked in groups. An error in one request never reaches another.

    Args:
        model: the model.
        style: how requests are read and answers are written.
    """

    def __init__(self, model: Runnable, style: OutputStyle) -> None:
        self._model = model
        self._style = style
        self._reader = RequestReader(model.signatures, model.fast, style.signature_field)

    def answer(self, requests: Sequence[tuple[int, bytes]]) -> Iterator[Answers]:
        """The answers to all `requests` (number, body), in any order, as they become known."""
        groups: dict[Any, list[tuple[int, Request]]] = {}
        found = self._reader.read_all([body for _, body in requests])
        for (number, _), request in zip(requests, found, strict=True):
            if isinstance(request, PredictionError):
                yield [(number, self._refused(request))]
            else:
                groups.setdefault(self._group_key(number, request), []).append((number, request))
        for group in groups.values():
            for part in _parts(group):
                yield from self._run_together(part)

    def _group_key(self, number: int, request: Request) -> Any:
        """Equal for requests that may run in one call."""
        if request.signature not in self._model.independent:
            return number
        return request.signature, tuple((alias, array.shape[1:]) for alias, array in request.inputs.items())

    def _run_together(self, group: list[tuple[int, Request]]) -> Iterator[Answers]:
        outputs = self._joined([request for _, request in group]) if len(group) > 1 else None
        if outputs is None:
            yield from ([(number, self._run_alone(request))] for number, request in group)
            return
        write = self._writer(outputs)
        ends = list(accumulate(request.count for _, request in group))
        yield [(number, write(end - request.count, end)) for (number, request), end in zip(group, ends, strict=True)]

    def _writer(self, outputs: Mapping[str, Array]) -> Callable[[int, int], Answer]:
        """A function of `start` and `end` that writes the answer with those instances."""
        if write := response.writer(outputs, self._style):
            return lambda start, end: Answer(PREDICTIONS, write(start, end))
        return lambda start, end: self._write({alias: output[start:end] for alias, output in outputs.items()})

    def _joined(self, requests: list[Request]) -> dict[str, Array] | None:
        """The outputs of all in one call; None if that failed, or if their rows cannot be separated."""
        inputs = {alias: np.concatenate([r.inputs[alias] for r in requests]) for alias in requests[0].inputs}
        try:
            outputs = run(self._model, requests[0].signature, inputs)
        except PredictionError:
            return None
        total = sum(request.count for request in requests)
        # Without any output there are no rows to separate.
        return outputs if outputs and all(output.shape[:1] == (total,) for output in outputs.values()) else None

    def _run_alone(self, request: Request) -> Answer:
        try:
            outputs = run(self._model, request.signature, request.inputs)
            return self._write(self._model.signatures[request.signature].by_instance(outputs, request.count))
        except PredictionError as exc:
            return self._refused(exc)

    def _write(self, outputs: Mapping[str, Array]) -> Answer:
        try:
            return Answer(PREDICTIONS, response.write(outputs, self._style))
        except PredictionError as exc:
            return self._refused(exc)

    def _refused(self, error: PredictionError) -> Answer:
        return Answer(REFUSED, self._style.error(error.failed, str(error)).encode())


def run(model: Runnable, key: str, inputs: Mapping[str, Array]) -> dict[str, Array]:
    """One call of a signature. Raises `RunFailed` for whatever the model raises."""
    try:
        return model.run(key, inputs)
    except PredictionError:
        raise
    except Exception as exc:  # a model's graph may make TensorFlow raise any type
        raise RunFailed(f"Exception during running the graph: {reason(exc)}") from exc


def _parts(group: list[tuple[int, Request]]) -> Iterator[list[tuple[int, Request]]]:
    """`group` cut where it would exceed `_ROWS`."""
    part: list[tuple[int, Request]] = []
    rows = 0
    for member in group:
        if part and rows + member[1].count > _ROWS:
            yield part
            part, rows = [], 0
        part.append(member)
        rows += member[1].count
    if part:
        yield part
