"""From the bytes of a predict request to the arrays that a signature takes. Needs no TensorFlow."""

from __future__ import annotations

import base64
import binascii
import contextlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from emulator.serving.codec import signature as signatures_
from emulator.serving.codec import tensors
from emulator.serving.codec.fast_reader import FastReader
from emulator.serving.codec.signature import Signature
from emulator.serving.prediction_errors import InvalidInputs, PredictionError


@dataclass(slots=True)
class Request:
    """A request that fits its signature.

    Attributes:
        signature: key of the signature.
        inputs: arrays by alias, the first dimension counting instances.
        count: number of instances.
    """

    signature: str
    inputs: dict[str, tensors.Array]
    count: int


class RequestReader:
    """Reads the requests for one model: regular ones fast, all others strictly.

    Args:
        signatures: what the model has.
        fast: a faster conversion of numbers, see `tensors.convert`.
        signature_field: the field of a request that names the signature.
    """

    def __init__(self, signatures: Mapping[str, Signature], fast: tensors.Fast, signature_field: str) -> None:
        self._signatures, self._fast, self._field = signatures, fast, signature_field
        self._reader: FastReader | None = None
        with contextlib.suppress(PredictionError):  # a request has to name a signature, or gets an error
            self._key = signatures_.choose(signatures, None)
            self._reader = FastReader.of(signatures[self._key])

    def read_all(self, bodies: Sequence[bytes]) -> list[Request | PredictionError]:
        """Each request, or its error."""
        found = self._reader.requests(bodies) if self._reader else [None] * len(bodies)
        return [
            Request(self._key, arrays, len(next(iter(arrays.values())))) if arrays else self._strictly(body)
            for arrays, body in zip(found, bodies, strict=True)
        ]

    def _strictly(self, body: bytes) -> Request | PredictionError:
        try:
            return read(body, self._signatures, self._fast, signature_field=self._field)
        except PredictionError as exc:
            return exc


def read(
    body: bytes,
    signatures: Mapping[str, Signature],
    fast: tensors.Fast | None = None,
    *,
    signature_field: str = "signature_name",
) -> Request:
    """Reads `{"instances": [...]}`, and the key of the signature beside it. Other fields are ignored.

    Args:
        body: the request as it came.
        signatures: what the model has.
        fast: a faster conversion of numbers, see `tensors.convert`.
        signature_field: the field that names the signature.

    Raises:
        InvalidInputs: the request does not fit, and why.
        RunFailed: the signature that it asks cannot answer.
    """
    document = _document(body)
    key = signatures_.choose(signatures, _signature_name(document, signature_field))
    if "instances" not in document:
        raise InvalidInputs('Missing "instances" field in request body.')
    instances = document["instances"]
    if not isinstance(instances, list) or not instances:
        raise InvalidInputs('"instances" must be a list with at least one instance.')
    return Request(key, arrays(instances, signatures[key], body, fast), len(instances))


def arrays(
    instances: Sequence[Any], signature: Signature, text: bytes, fast: tensors.Fast | None = None
) -> dict[str, tensors.Array]:
    """What a signature takes, by alias, of instances that are parsed.

    Args:
        instances: one value each, one or more.
        signature: the signature.
        text: what they were parsed from, or more.
        fast: a faster conversion of numbers, see `tensors.convert`.

    Raises:
        InvalidInputs: one does not fit, or they do not go together, and why.
    """
    if b'"b64"' in text or b"\\u" in text:
        instances = [_decode(instance, index) for index, instance in enumerate(instances)]
    if b"true" in text or b"false" in text:
        fast = None  # it takes booleans for numbers
    inputs = signature.inputs
    return {name: tensors.convert(name, inputs[name], rows, fast) for name, rows in _columns(instances, inputs).items()}


def parse(text: bytes) -> Any:
    """The value of a JSON text; bare NaN and Infinity are taken. Raises `InvalidInputs`."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as exc:
        return _parse_with_nan(text, str(exc))


def _document(body: bytes) -> dict[str, Any]:
    document = parse(body)
    if not isinstance(document, dict):
        raise InvalidInputs('The request body must be a JSON object with the field "instances".')
    return document


def _parse_with_nan(body: bytes, reason: str) -> Any:
    """Parses once more where bare NaN and Infinity may be what orjson refused."""
    try:
        if b"NaN" in body or b"Infinity" in body:
            return json.loads(body)
    except (ValueError, RecursionError) as exc:
        reason = str(exc)
    raise InvalidInputs(f"The request body is not valid JSON: {reason}")


def _signature_name(document: dict[str, Any], field: str) -> str | None:
    name = document.get(field)
    if name is None or isinstance(name, str):
        return name
    raise InvalidInputs(f'"{field}" must be a string.')


def _decode(value: Any, index: int) -> Any:
    """`value` with every `{"b64": TEXT}` in it, at any depth, as the bytes that it means."""
    if isinstance(value, list):
        return [_decode(item, index) for item in value]
    if not isinstance(value, dict):
        return value
    if value.keys() != {"b64"}:
        return {name: _decode(item, index) for name, item in value.items()}
    try:
        return base64.b64decode(value["b64"], validate=True)
    except (binascii.Error, TypeError, ValueError) as exc:
        raise InvalidInputs(f'instance {index}: "b64" does not hold base64: {exc}') from None


def _columns(instances: Sequence[Any], inputs: Mapping[str, Any]) -> dict[str, list[Any]]:
    """One list of values per input, from one row per instance."""
    if len(inputs) == 1:
        return _single_column(instances, next(iter(inputs)))
    columns: dict[str, list[Any]] = {name: [] for name in inputs}
    for index, row in enumerate(instances):
        if not isinstance(row, dict):
            names = f" with the inputs {', '.join(sorted(inputs))}" if inputs else ": the signature has no inputs"
            raise InvalidInputs(f"instance {index} must be an {'' if inputs else 'empty '}object{names}")
        for name, value in row.items():
            if name not in columns:
                raise InvalidInputs(f"Unexpected tensor name: {name}")
            columns[name].append(value)
    for name, values in columns.items():
        if len(values) != len(instances):
            raise InvalidInputs(f"Input {name} was missing in at least one input instance.")
    return columns


def _single_column(instances: Sequence[Any], name: str) -> dict[str, list[Any]]:
    """Bare values, or `{name: value}`, mixed as one likes."""
    values = []
    for row in instances:
        if isinstance(row, dict):
            if list(row) != [name]:
                raise InvalidInputs(f"Expected tensor name: {name}, got tensor name: {list(row)}.")
            values.append(row[name])
        else:
            values.append(row)
    return {name: values}
