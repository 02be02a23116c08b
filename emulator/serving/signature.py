"""What a SavedModel's signatures take. Needs no TensorFlow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from emulator.serving.failures import InvalidInputs

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
    """The inputs of one signature by their alias. Outputs tell their own types when they come."""

    inputs: Mapping[str, Tensor]


def choose(signatures: Mapping[str, Signature], name: str | None) -> str:
    """The key of the signature that a request means.

    Args:
        signatures: all that the model has.
        name: the request's `signature_name`. Without it, the only signature, or else `serving_default`.

    Raises:
        InvalidInputs: there is no such signature.
    """
    if not name and len(signatures) == 1:
        return next(iter(signatures))
    key = name or DEFAULT
    if key not in signatures:
        there = ", ".join(sorted(signatures))
        raise InvalidInputs(f"No signature found for signature key {key}. The model has these: {there}")
    return key
