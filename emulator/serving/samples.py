"""The node's side of `sampling`: instances for a signature, and what the model answers to each. Needs no TensorFlow.

Instances are the caller's, those of the export's warm-up requests, or generated from the signature's types and shapes.
"""

from __future__ import annotations

import base64
import itertools
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import orjson

from emulator.serving import signature as signatures
from emulator.serving.batching import Answers, Batcher, Runnable
from emulator.serving.failures import PredictionError
from emulator.serving.signature import Signature, Tensor
from emulator.serving.tensors import Array

WarmUp = Callable[[Mapping[str, Signature]], Iterable[tuple[str, Mapping[str, Array]]]]
"""Gives the requests of the warm-up file, each with the key of its signature."""

_OPEN_SIZES = (1, 4, 32, 224)
"""What an open dimension is made, in this order, until the model takes the instances."""
_RANKS = ((), (1,), (1, 1), (1, 1, 1))
"""Shapes of an instance that are tried where even the rank is open."""


class _Unanswered(Exception):
    """The model gave no predictions that can be samples; the text says why."""


class Samples:
    """A model, asked for samples.

    Args:
        model: the model.
        warm_up: see `WarmUp`.
    """

    def __init__(self, model: Runnable, warm_up: WarmUp) -> None:
        self._model, self._warm_up = model, warm_up
        self._batcher = Batcher(model, bare=False)

    def answer(self, requests: Iterable[tuple[int, bytes]]) -> Iterator[Answers]:
        """One answer for each order (number, content).

        An order is `{"signature": KEY or null, "count": N, "instances": [...] or null}`; its answer
        `{"samples": [{"instance": ..., "prediction": ...}], "source": ...}` or `{"error": TEXT}`.
        """
        for number, content in requests:
            try:
                answer = self._samples(**orjson.loads(content))
            except (PredictionError, _Unanswered) as exc:
                answer = {"error": str(exc)}
            yield [(number, json.dumps(answer).encode())]

    def _samples(self, signature: str | None, count: int, instances: list[Any] | None) -> dict[str, Any]:
        key = signatures.choose(self._model.signatures, signature)
        if instances is not None:
            found = list(zip(instances, self._ask(key, instances), strict=True))
            return {"samples": [_sample(*pair) for pair in found], "source": "instances"}
        wanted = self._model.signatures[key]
        failure = _Unanswered("the model answers no instance that could be made from its signature")
        for source, groups in (
            ("warm-up requests", self._given(key)),
            ("signature", (group for size in _OPEN_SIZES for group in _generated(wanted, count, size))),
        ):
            samples: list[dict[str, Any]] = []
            for group in groups:
                if len(samples) >= count:
                    break
                try:
                    predictions = self._ask(key, group)
                except _Unanswered as exc:
                    failure = exc
                    continue
                samples += map(_sample, group, predictions)
            if samples:
                return {"samples": _unique(samples)[:count], "source": source}
        raise failure

    def _ask(self, key: str, instances: Sequence[Any]) -> list[Any]:
        """The predictions. Raises `_Unanswered` where there is not one for each instance, or one is not plain JSON."""
        body = orjson.dumps({"instances": instances, "signature_name": key})
        ((_, content),) = itertools.chain.from_iterable(self._batcher.answer([(0, body)]))
        answer = json.loads(content)
        if "error" in answer:
            raise _Unanswered(answer["error"])
        predictions: list[Any] = answer["predictions"]
        if len(predictions) != len(instances):
            raise _Unanswered(f"expected one prediction for each of {len(instances)} instances, got {len(predictions)}")
        if b"NaN" in content or b"Infinity" in content:
            raise _Unanswered("a prediction holds NaN or an infinity")
        return predictions

    def _given(self, key: str) -> Iterator[list[Any]]:
        """The instances of the warm-up requests of a signature, one request at a time."""
        for name, inputs in self._warm_up(self._model.signatures):
            if name == key and (group := _instances(self._model.signatures[key], inputs)):
                yield group


def _sample(instance: Any, prediction: Any) -> dict[str, Any]:
    return {"instance": instance, "prediction": prediction}


def _unique(samples: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Without repeated instances."""
    return list({orjson.dumps(sample["instance"]): sample for sample in reversed(samples)}.values())[::-1]


def _generated(signature: Signature, count: int, size: int) -> Iterator[list[Any]]:
    """Groups of instances, each one request: of one, or of as many as a fixed first dimension takes."""
    fixed = [tensor.shape[0] or 1 for tensor in signature.inputs.values() if tensor.shape]
    together = 1 if signature.takes_one else max(fixed, default=1)
    for rank in _RANKS:
        for number in range(count):
            inputs = {
                alias: _values(tensor, rank, size, number, together) for alias, tensor in signature.inputs.items()
            }
            yield _instances(signature, inputs)
        if all(tensor.shape is not None for tensor in signature.inputs.values()):
            return


def _values(tensor: Tensor, rank: tuple[int, ...], size: int, number: int, together: int) -> Array:
    """Zeros for the first request, other values for each of the next."""
    inner = rank if tensor.shape is None else tuple(size if each is None else each for each in tensor.shape[1:])
    shape = () if tensor.shape == () else (together, *inner)
    draw = np.random.default_rng(number)
    if tensor.dtype == "string":
        return np.full(shape, b"" if number == 0 else b"sample %d" % number, dtype=object)
    if tensor.dtype == "bool":
        return np.full(shape, number % 2 == 1)
    if "int" in tensor.dtype:
        return np.asarray(draw.integers(0, number + 1, shape, dtype=np.int64))
    return np.zeros(shape) if number == 0 else np.asarray(draw.random(shape)).round(4)


def _instances(signature: Signature, inputs: Mapping[str, Array]) -> list[Any]:
    """Arrays as instances: a bare value where the signature has one input, else an object by input."""
    columns = {
        alias: [_plain(array)] if signature.inputs[alias].shape == () else _plain(array)
        for alias, array in inputs.items()
    }
    if not columns:
        return [{}]
    first, *others = columns.values()
    if any(not isinstance(column, list) or len(column) != len(first) for column in (first, *others)):
        return []
    if not others:
        return list(first)
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _plain(array: Array) -> Any:
    """As JSON values; bytes that are no text as `{"b64": ...}`."""
    if array.dtype.kind in "OS":
        return _texts(array.tolist())
    plain = orjson.loads(orjson.dumps(np.ascontiguousarray(array), option=orjson.OPT_SERIALIZE_NUMPY))
    return plain if array.ndim else plain[0]  # a scalar became a list of one


def _texts(value: Any) -> Any:
    if isinstance(value, list):
        return [_texts(item) for item in value]
    try:
        return value.decode()
    except UnicodeDecodeError:
        return {"b64": base64.b64encode(value).decode("ascii")}
