"""What a SavedModel's signatures take. Needs no TensorFlow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from emulator.serving.prediction_errors import InvalidInputs, RunFailed

DEFAULT = "serving_default"


@dataclass(frozen=True, slots=True)
class Tensor:
    """One input or output.

    Attributes:
        dtype: TensorFlow's name of it, `float32`, `string`, ...
        shape: with the batch dimension first; None for an open dimension, and for the whole where the rank is open.
    """

    dtype: str
    shape: tuple[int | None, ...] | None


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature.

    Attributes:
        inputs: by their alias.
        outputs: by their alias. Types and shapes are those of the export; actual values may differ.
        refusal: why it cannot answer, without a full stop; empty where it can.
    """

    inputs: Mapping[str, Tensor]
    outputs: Mapping[str, Tensor] = field(default_factory=dict)
    refusal: str = ""

    @property
    def together(self) -> int:
        """How many instances one call must have: 1 for a scalar, as many as a fixed first dimension has; 0 for any."""
        sizes = [
            tensor.shape[0] or 0 if tensor.shape else 1 for tensor in self.inputs.values() if tensor.shape is not None
        ]
        return max(sizes, default=0)

    @property
    def opened(self) -> Signature:
        """The same, with any number of instances in the place of a fixed one."""
        inputs = {
            alias: Tensor(tensor.dtype, (None, *tensor.shape[1:])) if tensor.shape else tensor
            for alias, tensor in self.inputs.items()
        }
        return replace(self, inputs=inputs)

    def by_instance(self, outputs: Mapping[str, npt.NDArray[Any]], count: int) -> dict[str, npt.NDArray[Any]]:
        """Outputs with a first dimension that counts instances.

        An output without one is the value of the only instance.

        Args:
            outputs: by their alias, of one call.
            count: of instances in that call.
        """
        if count != 1:
            return dict(outputs)
        return {
            alias: array[np.newaxis] if array.shape[:1] != (1,) and self._is_whole(alias) else array
            for alias, array in outputs.items()
        }

    def _is_whole(self, alias: str) -> bool:
        """Whether an output has no dimension for instances."""
        output = self.outputs.get(alias)
        sized = output is not None and output.shape is not None and (not output.shape or output.shape[0] is not None)
        return sized or (bool(self.inputs) and all(tensor.shape == () for tensor in self.inputs.values()))


def default(signatures: Mapping[str, Signature]) -> str:
    """The key of the default signature, used when a request names none: the only one, else `serving_default`."""
    return next(iter(signatures)) if len(signatures) == 1 else DEFAULT


def choose(signatures: Mapping[str, Signature], name: str | None) -> str:
    """The key of the signature that a request asks.

    Args:
        signatures: all that the model has.
        name: the request's `signature_name`. Default: the default signature.

    Raises:
        InvalidInputs: there is no such signature; the text lists those that there are.
        RunFailed: it cannot answer.
    """
    key = name or default(signatures)
    if key not in signatures:
        known = ", ".join(sorted(signatures))
        raise InvalidInputs(f"No signature found for signature key {key}. The model has: {known}.")
    if signatures[key].refusal:
        raise RunFailed(signatures[key].refusal)
    return key
