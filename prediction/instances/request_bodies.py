"""From instances to request bodies, each within the API's limit."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from numbers import Real
from typing import Any

import orjson

from gcp import errors
from resources.ml import quotas

LIMIT = quotas.PREDICT_BYTES
"""The largest body that `ml.projects.predict` takes, in bytes."""

_OPEN, _CLOSE, _COMMA = b'{"instances":[', b"]", b","


@dataclass(frozen=True)
class Body:
    """One request.

    Attributes:
        content: JSON, at most `LIMIT` bytes.
        count: how many instances it holds.
        first: the index of the first of them.
    """

    content: bytes
    count: int = 1
    first: int = 0

    @property
    def instances(self) -> str:
        """Which instances it holds, for messages: "instances 0 to 99"."""
        last = self.first + self.count - 1
        return f"instances {self.first} to {last}" if self.count > 1 else f"instance {self.first}"


def pack(instances: Iterable[Any], signature_name: str | None = None) -> list[Body]:
    """As few bodies as hold all instances in their order.

    Raises:
        InvalidInput: no instances, or one that JSON cannot say or that is over the limit by itself.
    """
    close = _CLOSE + _signature(signature_name) + b"}"
    room = LIMIT - len(_OPEN) - len(close)
    bodies: list[Body] = []
    held: list[bytes] = []
    free, first = room, 0
    for index, text in enumerate(_encoded(instances, room)):
        if len(text) > free:
            bodies.append(_body(held, first, close))
            held, free, first = [], room, index
        held.append(text)
        free -= len(text) + len(_COMMA)
    if not held:
        raise errors.InvalidInput([("instances", "are none: there must be at least one")])
    return [*bodies, _body(held, first, close)]


def singles(body: Body, signature_name: str | None = None) -> list[Body]:
    """A body as one for each of its instances.

    Args:
        body: of `pack`.
        signature_name: as `pack` was given it.
    """
    close = _CLOSE + _signature(signature_name) + b"}"
    instances = json.loads(body.content)["instances"]
    texts = [json.dumps(instance, separators=(",", ":")).encode() for instance in instances]
    return [_body([text], body.first + index, close) for index, text in enumerate(texts)]


def _body(texts: list[bytes], first: int, close: bytes) -> Body:
    return Body(_OPEN + _COMMA.join(texts) + close, len(texts), first)


def _signature(name: str | None) -> bytes:
    return b"" if name is None else b',"signature_name":' + json.dumps(name).encode()


def _encoded(instances: Iterable[Any], room: int) -> Iterable[bytes]:
    if isinstance(instances, (str, bytes, Mapping)) or _is_scalar(instances) or not isinstance(instances, Iterable):
        kind = type(instances).__name__
        raise errors.InvalidInput([("instances", f"must be a list with one item per instance; it is a {kind}")])
    for index, instance in enumerate(instances):
        text = _encode(instance, index)
        if len(text) > room:
            reason = f"has {len(text):,} bytes of JSON; a request holds {room:,}: send a smaller one"
            raise errors.InvalidInput([(f"instances[{index}]", reason)])
        yield text


def _is_scalar(instances: Any) -> bool:
    """Whether this is an array of no dimension, which is iterable in name only."""
    return getattr(instances, "ndim", 1) == 0


def _encode(instance: Any, index: int) -> bytes:
    try:
        text = orjson.dumps(instance, default=_plain, option=orjson.OPT_SERIALIZE_NUMPY)
        if b"null" not in text:  # what orjson writes for NaN too, which the API takes as the word NaN
            return text
    except (TypeError, RecursionError):
        pass  # integers over 64 bits, keys that are numbers, views of arrays: the standard library takes more
    try:
        return json.dumps(instance, default=_plain, separators=(",", ":")).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise errors.InvalidInput([(_place(instance, index), f"JSON cannot say it: {error}")]) from None


def _place(instance: Any, index: int) -> str:
    """Where something is that JSON cannot say: the instance, and the input where that is known."""
    values = instance if isinstance(instance, Mapping) else {}
    name = next((name for name, value in values.items() if not _is_said(value)), None)
    return f"instances[{index}]" + ("" if name is None else f".{name}")


def _is_said(value: Any) -> bool:
    try:
        json.dumps(value, default=_plain)
    except (TypeError, ValueError, RecursionError):
        return False
    return True


def _plain(value: Any) -> Any:
    """What JSON can say for bytes and for numpy's arrays and scalars, without numpy."""
    if isinstance(value, bytes):
        return {"b64": base64.b64encode(value).decode("ascii")}
    if hasattr(value, "tolist"):
        plain = value.tolist()
        # An element of more bits than a double's stays itself, and JSON has doubles.
        return float(plain) if isinstance(plain, Real) and type(plain) is type(value) else plain
    raise TypeError(f"it holds a value of the type {type(value).__name__}")
