"""A SavedModel in TensorFlow: load, warm up, run."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from emulator.core.predictions import LoadFailed
from emulator.serving.codec import signature as signatures_
from emulator.serving.codec.signature import Signature, Tensor
from emulator.serving.codec.tensors import Array
from emulator.serving.prediction_errors import RunFailed
from emulator.serving.saved_model import direct_calls, inspection, loading, warm_up
from emulator.serving.saved_model.inspection import Inspected


class Model:
    """A loaded SavedModel, warmed up.

    Args:
        folder: contains `saved_model.pb` and `variables/`.
        threads: of TensorFlow, within one operation and between operations. Set once per process.

    Attributes:
        signatures: by key.
        varies: key -> why predictions for the same instance may differ, as a verb; empty if they do not.
        alters: key -> an operation that writes what a later call may read; empty if there is none. Predictions need
            not depend on it: an LSTM of Keras 3 with dropout counts its calls.
        independent: keys of signatures whose rows do not influence each other, as far as the warm-up can tell.

    Raises:
        LoadFailed: the default signature cannot predict; without a default signature, no signature can. TensorFlow
            raises nearly any type on a damaged SavedModel.
    """

    def __init__(self, folder: Path, *, threads: int) -> None:
        tf.config.threading.set_intra_op_parallelism_threads(threads)  # for `fast`, which needs no session
        tf.config.threading.set_inter_op_parallelism_threads(threads)
        self._session, meta_graph = loading.load(folder, threads)
        found = inspection.inspect(self._session, meta_graph)
        self.signatures: Mapping[str, Signature] = {key: each.signature for key, each in found.items()}
        self.varies: Mapping[str, str] = {key: each.varies for key, each in found.items()}
        self.alters: Mapping[str, str] = {key: each.alters for key, each in found.items()}
        _check(self.signatures)
        able = {key: each for key, each in found.items() if not each.signature.refusal}
        self._calls = {key: direct_calls.call(self._session, each.feeds, each.fetches) for key, each in able.items()}
        safe = {key: each for key, each in able.items() if not each.writes}
        self._warm_up(folder, safe)
        self.independent: Collection[str] = {
            key for key, each in safe.items() if self._is_independent(key) and not each.random
        }

    @staticmethod
    def fast(rows: list[Any], dtype: str) -> Array:
        """Converts with TensorFlow, which is four times as fast as numpy and rejects strings and ragged lists."""
        array: Array = tf.constant(rows, dtype=dtype).numpy()
        return array

    def run(self, key: str, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Calls a signature; returns its outputs, sorted by alias. TensorFlow raises nearly any type."""
        if key not in self._calls:
            raise RunFailed(self.signatures[key].refusal)
        outputs = self._calls[key](*(inputs[alias] for alias in self.signatures[key].inputs))
        return {alias: _array(value) for alias, value in outputs.items()}

    def _warm_up(self, folder: Path, safe: Mapping[str, Inspected]) -> None:
        """Runs the warm-up requests of the export, except those of signatures that write."""
        for key, inputs in warm_up.requests(folder, self.signatures):
            if key in safe:
                with contextlib.suppress(Exception):  # a model may reject a warm-up request
                    self.run(key, inputs)

    def _is_independent(self, key: str) -> bool:
        """Runs batches of one and two rows, which also warms up; returns whether the rows are independent.

        A model may reject generated inputs. Then it still serves, one request at a time.
        """
        with contextlib.suppress(Exception):  # a model may reject generated inputs
            pair = {alias: _rows(tensor) for alias, tensor in self.signatures[key].inputs.items()}
            both = self.run(key, pair)
            singles = [self.run(key, {alias: array[i : i + 1] for alias, array in pair.items()}) for i in (0, 1)]
            return all(_same(both[alias], [single[alias] for single in singles]) for alias in both)
        return False


def _check(signatures: Mapping[str, Signature]) -> None:
    """Raises `LoadFailed` if the default signature cannot predict; without a default, if no signature can."""
    if not signatures:
        raise LoadFailed("the SavedModel has no signature")
    default = signatures_.default(signatures)
    judged = {default} & signatures.keys() or set(signatures)
    if all(signatures[key].refusal for key in judged):
        key = min(judged)
        raise LoadFailed(f"signature {key}: {signatures[key].refusal}")


def _array(value: Any) -> Array:
    return np.asarray(value, dtype=object) if isinstance(value, bytes) else np.asarray(value)


def _rows(tensor: Tensor) -> Array:
    """Two different rows; open dimensions are 1."""
    if not tensor.shape:
        raise ValueError(tensor.shape)
    shape = [1 if size is None else size for size in tensor.shape[1:]]
    if tensor.dtype == "string":
        rows: Array = np.full([2, *shape], b"", dtype=object)
        rows[1] = b"a"
        return rows
    return np.stack([np.zeros(shape), np.ones(shape)]).astype(tensor.dtype)


def _same(both: Array, singles: list[Array]) -> bool:
    if [single.shape[:1] for single in singles] != [(1,), (1,)] or both.shape[:1] != (2,):
        return False
    apart = np.concatenate(singles)
    if both.dtype.kind == "f":
        return np.allclose(both, apart, rtol=1e-3, atol=1e-5, equal_nan=True)
    return np.array_equal(both, apart)
