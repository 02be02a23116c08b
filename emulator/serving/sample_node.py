"""The node's side of `sampling`: instances for a signature, and what the model answers to each. Needs no TensorFlow.

Instances are the caller's, those of the export's warm-up requests, or generated from the signature's types and shapes.
"""

from __future__ import annotations

import base64
import itertools
import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import orjson

from emulator.core.predictions import PREDICTIONS, REFUSED, Answer, OutputStyle
from emulator.serving.codec import signature as signatures
from emulator.serving.codec.signature import Signature, Tensor
from emulator.serving.codec.tensors import Array
from emulator.serving.prediction_errors import PredictionError
from emulator.serving.request_batching import Answers, Batcher, Runnable

WarmUp = Callable[[Mapping[str, Signature]], Iterable[tuple[str, Mapping[str, Array]]]]
"""Gives the requests of the warm-up file, each with the key of its signature."""

_OPEN_SIZES = (1, 4, 32, 224)
"""What an open dimension is made, in this order, until the model takes the instances."""
_RANKS = ((), (1,), (1, 1), (1, 1, 1))
"""Shapes of an instance to try if even the rank is unknown."""


class Sampled(Runnable, Protocol):
    """What this module uses of `tensorflow_model.Model`."""

    varies: Mapping[str, str]
    alters: Mapping[str, str]


class _Unanswered(Exception):
    """The model gave no predictions that can be samples; the text says why."""


class _Changing(Exception):
    """The answers of the signature change, whatever the instance."""


class Samples:
    """A model, asked for samples.

    Args:
        model: the model.
        warm_up: see `WarmUp`.
    """

    def __init__(self, model: Sampled, warm_up: WarmUp) -> None:
        self._model, self._warm_up = model, warm_up
        self._style = OutputStyle()
        self._batcher = Batcher(model, self._style)

    def answer(self, requests: Iterable[tuple[int, bytes]]) -> Iterator[Answers]:
        """One answer for each order (number, content).

        An order is `{"signature": KEY or null, "count": N, "instances": [...] or null}`; its answer
        `{"samples": [{"instance": ..., "prediction": ...}], "source": ...}`, or the text of an error.
        """
        for number, content in requests:
            yield [(number, self._answer(content))]

    def _answer(self, order: bytes) -> Answer:
        try:
            return Answer(PREDICTIONS, json.dumps(self._samples(**orjson.loads(order))).encode())
        except PredictionError as exc:
            return Answer(REFUSED, self._style.error(exc.failed, str(exc)).encode())
        except (_Unanswered, _Changing, orjson.JSONDecodeError) as exc:
            return Answer(REFUSED, str(exc).encode())

    def _samples(self, signature: str | None, count: int, instances: list[Any] | None) -> dict[str, Any]:
        key = self._key(signature)
        if instances is not None:
            return {"samples": self._answered(key, instances), "source": "instances"}
        wanted = self._model.signatures[key]
        failure = _Unanswered("the model answers no instance that could be made from its signature")
        for source, groups in (
            ("warm-up requests", self._given(key)),
            ("signature", (group for size in _OPEN_SIZES for group in _generated(wanted, count, size))),
        ):
            samples: list[dict[str, Any]] = []
            for group in groups:
                taken = group if wanted.together > 1 else _new(group, samples)[: count - len(samples)]
                try:
                    samples += self._answered(key, taken)
                except _Unanswered as exc:
                    failure = exc
                if len(samples) >= count or (samples and wanted.together > 1):
                    break
            if samples:
                return {"samples": samples, "source": source}
        raise failure

    def _key(self, signature: str | None) -> str:
        """The signature to ask. Raises `_Unanswered` if none is named and none is the default; `_Changing`."""
        known = self._model.signatures
        if signature is None and signatures.default(known) not in known:
            raise _Unanswered(
                f"the model has {len(known)} signatures and no {signatures.DEFAULT}: {', '.join(sorted(known))}; "
                "name one of them with --signature KEY"
            )
        key = signatures.choose(known, signature)
        if why := self._model.varies[key]:
            raise _changing(key, why)
        return key

    def _answered(self, key: str, instances: Sequence[Any]) -> list[dict[str, Any]]:
        """Samples with the model's predictions for each instance alone; for all together if it accepts only that.

        Raises `_Unanswered` if there is not one prediction per instance, or one is not plain JSON; `_Changing` if the
        predictions for the same instance differ.
        """
        try:
            ask, predictions = self._ask_each, self._ask_each(key, instances)
        except _Unanswered:
            if len(instances) == 1 or self._model.signatures[key].together == 1:
                raise
            ask, predictions = self._ask, self._ask(key, instances)
        if not self._is_steady(key, instances, predictions) and not _equal(predictions, ask(key, instances), 1e-6):
            operation = self._model.alters[key]
            raise _changing(key, f"writes ({operation})" if operation else "is not deterministic")
        return list(map(_sample, instances, predictions))

    def _ask_each(self, key: str, instances: Sequence[Any]) -> list[Any]:
        return [prediction for instance in instances for prediction in self._ask(key, [instance])]

    def _is_steady(self, key: str, instances: Sequence[Any], predictions: Sequence[Any]) -> bool:
        """Whether nothing is written, and all instances in one request get the same predictions."""
        if self._model.alters[key]:
            return False
        try:
            return _equal(predictions, self._ask(key, instances), 1e-3)
        except _Unanswered:  # it does not take them together
            return False

    def _ask(self, key: str, instances: Sequence[Any]) -> list[Any]:
        """The predictions. Raises `_Unanswered` where there is not one for each instance, or one is not plain JSON."""
        body = json.dumps({"instances": instances, self._style.signature_field: key}).encode()
        ((_, (kind, content)),) = itertools.chain.from_iterable(self._batcher.answer([(0, body)]))
        if kind != PREDICTIONS:
            raise _Unanswered(content.decode())
        predictions: list[Any] = json.loads(content)
        if len(predictions) != len(instances):
            raise _Unanswered(f"expected one prediction for each instance, got {len(predictions)} for {len(instances)}")
        if not _is_finite(predictions):
            raise _Unanswered("a prediction holds NaN or an infinity")
        return predictions

    def _given(self, key: str) -> Iterator[list[Any]]:
        """The instances of the warm-up requests of a signature, one request at a time."""
        for name, inputs in self._warm_up(self._model.signatures):
            if name == key and (group := _instances(self._model.signatures[key], inputs)):
                yield group


def _sample(instance: Any, prediction: Any) -> dict[str, Any]:
    return {"instance": instance, "prediction": prediction}


def _is_finite(value: Any) -> bool:
    """Whether a JSON value holds neither NaN nor an infinity."""
    if isinstance(value, dict):
        return all(map(_is_finite, value.values()))
    if isinstance(value, list):
        return all(map(_is_finite, value))
    return not isinstance(value, float) or math.isfinite(value)


def _changing(key: str, why: str) -> _Changing:
    return _Changing(f"signature {key} {why}, so its answers change: they cannot be samples")


def _equal(left: Any, right: Any, tolerance: float) -> bool:
    """Whether two JSON values are the same, but for the last digits of numbers.

    Args:
        left: one.
        right: the other one.
        tolerance: of floats, relative, and a hundredth of it absolute.
    """
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(_equal(left[key], right[key], tolerance) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(_equal(*pair, tolerance) for pair in zip(left, right, strict=True))
    if isinstance(left, float) and isinstance(right, float):
        return math.isclose(left, right, rel_tol=tolerance, abs_tol=tolerance / 100)
    return bool(left == right)


def _new(instances: Sequence[Any], samples: Sequence[Mapping[str, Any]]) -> list[Any]:
    """The instances that no sample has, without repeated ones."""
    known = {orjson.dumps(sample["instance"]) for sample in samples}
    return [
        instance for text, instance in {orjson.dumps(each): each for each in instances}.items() if text not in known
    ]


def _generated(signature: Signature, count: int, size: int) -> Iterator[list[Any]]:
    """Groups of instances, each one request: of one, or of as many as a fixed first dimension takes."""
    together = signature.together or 1
    for rank in _RANKS:
        for number in range(count):
            inputs = {
                alias: _values(tensor, rank, size, number, together) for alias, tensor in signature.inputs.items()
            }
            yield _instances(signature, inputs)
        if all(tensor.shape is not None for tensor in signature.inputs.values()):
            return


def _values(tensor: Tensor, rank: tuple[int, ...], size: int, number: int, together: int) -> Array:
    """Zeros for the first instance, other values for each of the next."""
    inner = rank if tensor.shape is None else tuple(size if each is None else each for each in tensor.shape[1:])
    shape = () if tensor.shape == () else (together, *inner)
    first = number * together
    if shape and together > 1:
        return np.stack([_value(tensor.dtype, shape[1:], first + row) for row in range(together)])
    return _value(tensor.dtype, shape, first)


def _value(dtype: str, shape: tuple[int, ...], number: int) -> Array:
    draw = np.random.default_rng(number)
    if dtype == "string":
        return np.full(shape, b"" if number == 0 else b"sample %d" % number, dtype=object)
    if dtype == "bool":
        return np.full(shape, number % 2 == 1)
    if "int" in dtype:
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
