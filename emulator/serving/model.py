"""A SavedModel in TensorFlow: load, warm up, run."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from emulator.serving.failures import LoadFailed
from emulator.serving.signature import Signature, Tensor
from emulator.serving.tensors import Array

_SERVE = "serve"


class Model:
    """A loaded SavedModel, warmed up.

    Args:
        folder: holds `saved_model.pb` and `variables/`.
        threads: of TensorFlow, within one operation and among operations. Set once per process.

    Attributes:
        signatures: by key.
        independent: keys of the signatures whose rows do not influence each other, as far as the warm-up can tell.

    Raises:
        LoadFailed: there is no signature to serve. TensorFlow raises nearly any type on a damaged SavedModel.
    """

    def __init__(self, folder: Path, *, threads: int) -> None:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)
        self._loaded = _load(folder)  # holds the variables, which the functions do not
        self._functions: dict[str, Any] = dict(self._loaded.signatures)
        if not self._functions:
            raise LoadFailed("the SavedModel has no signature")
        self.signatures: Mapping[str, Signature] = {key: _signature(f) for key, f in self._functions.items()}
        self._direct: dict[str, Callable[..., Any]] = {}
        self.independent: Collection[str] = {key for key in self._functions if self._warm_up(key)}
        self._direct = {key: call for key, f in self._functions.items() if (call := self._shorter(key, f))}

    @staticmethod
    def fast(rows: list[Any], dtype: str) -> Array:
        """TensorFlow's own conversion: four times as quick as numpy's, and it refuses strings and ragged lists."""
        array: Array = tf.constant(rows, dtype=dtype).numpy()
        return array

    def run(self, key: str, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """The outputs of one call of a signature, by alias, in its order: TensorFlow's is another one in each process.

        TensorFlow raises nearly any type.
        """
        call = self._direct.get(key, self._functions[key])
        outputs = call(**{alias: tf.constant(array) for alias, array in inputs.items()})
        return {alias: np.asarray(tensor.numpy()) for alias, tensor in sorted(outputs.items())}

    def _shorter(self, key: str, function: Any) -> Callable[..., Any] | None:
        """A call of a signature without the checks of its arguments, which cost more than a small model: they are made.

        TensorFlow does not promise the way that it takes. So it is taken only where it gives what the signature gives.
        """
        with contextlib.suppress(Exception):  # made-up inputs again, and insides of TensorFlow
            inner, captured = function.inference_fn, list(function.captured_inputs)
            order = list(function._arg_keywords)  # the only place that has it

            def call(**inputs: Any) -> Any:
                return inner.call_preflattened([*(inputs[alias] for alias in order), *captured])

            # Different for each input: a wrong order would show.
            inputs = {
                alias: tf.constant(_times(_rows(tensor), place))
                for place, (alias, tensor) in enumerate(self.signatures[key].inputs.items(), 1)
            }
            expected, found = function(**inputs), call(**inputs)
            if expected.keys() == found.keys() and all(_equal(expected[alias], found[alias]) for alias in expected):
                return call
        return None

    def _warm_up(self, key: str) -> bool:
        """Runs batches of one and of two, which are slow the first time; whether the batch mattered to the result.

        A model may refuse made-up inputs. It is served all the same, one request at a time.
        """
        with contextlib.suppress(Exception):  # whatever the model does with made-up inputs is no fault
            pair = {alias: _rows(tensor) for alias, tensor in self.signatures[key].inputs.items()}
            both = self.run(key, pair)
            singles = [self.run(key, {alias: array[i : i + 1] for alias, array in pair.items()}) for i in (0, 1)]
            return all(_same(both[alias], [single[alias] for single in singles]) for alias in both)
        return False


def _load(folder: Path) -> Any:
    try:
        return tf.saved_model.load(str(folder), tags=[_SERVE])
    except RuntimeError as exc:
        if "associated with tags" not in str(exc):
            raise
    return tf.saved_model.load(str(folder))  # the only graph it has, whatever its tags


def _signature(function: Any) -> Signature:
    _, inputs = function.structured_input_signature
    return Signature(
        {
            alias: Tensor(spec.dtype.name, None if spec.shape.rank is None else tuple(spec.shape.as_list()))
            for alias, spec in sorted(inputs.items())
        }
    )


def _rows(tensor: Tensor) -> Array:
    """Two different rows; open dimensions are 1."""
    if not tensor.shape:
        raise ValueError(tensor.shape)
    shape = [1 if size is None else size for size in tensor.shape[1:]]
    if tensor.dtype == "string":
        return np.array([np.full(shape, b""), np.full(shape, b"a")], dtype=object)
    return np.stack([np.zeros(shape), np.ones(shape)]).astype(tensor.dtype)


def _times(rows: Array, factor: int) -> Array:
    return (rows * factor).astype(rows.dtype) if rows.dtype.kind in "iuf" else rows


def _equal(one: Any, other: Any) -> bool:
    first, second = np.asarray(one.numpy()), np.asarray(other.numpy())
    return first.dtype == second.dtype and np.array_equal(first, second, equal_nan=first.dtype.kind == "f")


def _same(both: Array, singles: list[Array]) -> bool:
    if [single.shape[:1] for single in singles] != [(1,), (1,)] or both.shape[:1] != (2,):
        return False
    apart = np.concatenate(singles)
    if both.dtype.kind == "f":
        return np.allclose(both, apart, rtol=1e-3, atol=1e-5, equal_nan=True)
    return np.array_equal(both, apart)
