"""Packs instances into request bodies, each within the platform's limit."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from numbers import Real
from typing import Any

import orjson

from gcp import errors
from prediction.targets.target import Envelope

_COMMA = b","


@dataclass(frozen=True)
class Body:
    """One request.

    Attributes:
        content: JSON, no larger than the envelope's `most_bytes`.
        count: number of instances.
        first: index of the first instance.
    """

    content: bytes
    count: int = 1
    first: int = 0

    @property
    def instances(self) -> str:
        """The range of its instances, for messages: "instances 0 to 99"."""
        last = self.first + self.count - 1
        return f"instances {self.first} to {last}" if self.count > 1 else f"instance {self.first}"


def pack(instances: Iterable[Any], envelope: Envelope) -> list[Body]:
    """All instances in order, in as few bodies as possible.

    Raises:
        InvalidInput: there are no instances, or one cannot be written as JSON or exceeds the limit by itself.
    """
    room = envelope.most_bytes - len(envelope.head) - len(envelope.tail)
    bodies: list[Body] = []
    held: list[bytes] = []
    free, first = room, 0
    for index, text in enumerate(_encoded(instances, room)):
        if len(text) > free:
            bodies.append(_body(held, first, envelope))
            held, free, first = [], room, index
        held.append(text)
        free -= len(text) + len(_COMMA)
    if not held:
        raise errors.InvalidInput([("instances", "must not be empty")])
    return [*bodies, _body(held, first, envelope)]


def split(body: Body, envelope: Envelope) -> list[Body]:
    """One body for each instance of a body that `pack` made with this envelope."""
    instances = json.loads(body.content)["instances"]
    texts = [json.dumps(instance, separators=(",", ":")).encode() for instance in instances]
    return [_body([text], body.first + index, envelope) for index, text in enumerate(texts)]


def _body(texts: list[bytes], first: int, envelope: Envelope) -> Body:
    return Body(envelope.head + _COMMA.join(texts) + envelope.tail, len(texts), first)


def _encoded(instances: Iterable[Any], room: int) -> Iterable[bytes]:
    if isinstance(instances, (str, bytes, Mapping)) or _is_scalar(instances) or not isinstance(instances, Iterable):
        kind = type(instances).__name__
        raise errors.InvalidInput([("instances", f"must be a list with one item per instance; got {kind}")])
    for index, instance in enumerate(instances):
        text = _encode(instance, index)
        if len(text) > room:
            reason = f"must be at most {room:,} bytes of JSON, the limit of a request; it has {len(text):,}"
            raise errors.InvalidInput([(f"instances[{index}]", reason)])
        yield text


def _is_scalar(instances: Any) -> bool:
    """Whether this is an array without dimensions: it has `__iter__`, but cannot be iterated."""
    return getattr(instances, "ndim", 1) == 0


def _encode(instance: Any, index: int) -> bytes:
    try:
        text = orjson.dumps(instance, default=_plain, option=orjson.OPT_SERIALIZE_NUMPY)
        if b"null" not in text:  # orjson also writes null for NaN; the API accepts the word NaN
            return text
    except (TypeError, RecursionError):
        pass  # integers over 64 bits, number keys, views of arrays: the standard library accepts these
    try:
        return json.dumps(instance, default=_plain, separators=(",", ":")).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise errors.InvalidInput([(_place(instance, index), f"cannot be written as JSON: {error}")]) from None


def _place(instance: Any, index: int) -> str:
    """The path of the value that cannot be written as JSON: the instance and, if it can be found, its input."""
    values = instance if isinstance(instance, Mapping) else {}
    name = next((name for name, value in values.items() if not _is_json(value)), None)
    return f"instances[{index}]" + ("" if name is None else f".{name}")


def _is_json(value: Any) -> bool:
    try:
        json.dumps(value, default=_plain)
    except (TypeError, ValueError, RecursionError):
        return False
    return True


def _plain(value: Any) -> Any:
    """Bytes, numpy arrays and numpy scalars as values that JSON has; works without importing numpy."""
    if isinstance(value, bytes):
        return {"b64": base64.b64encode(value).decode("ascii")}
    if hasattr(value, "tolist"):
        plain = value.tolist()
        # `tolist` returns a wide float (longdouble) unchanged; JSON numbers are doubles.
        return float(plain) if isinstance(plain, Real) and type(plain) is type(value) else plain
    raise TypeError(f"it contains a value of type {type(value).__name__}")
