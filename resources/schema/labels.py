"""Rules for labels that Google's APIs share, and the label by which a stack recognizes its resources. Pure.

Source: Cloud Storage, "Bucket labels"; `ml` v1, "Resource labels". Letters of scripts without case count as lowercase.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from resources.schema.types import Failure, join

LABEL = "tf2-models-owner"
"""Key of the label that says which resource of which stack created something: see `resources/engine/ownership.py`."""
MOST = 64
_LONGEST = 63


def label_failures(labels: Any, where: str = "labels") -> Iterator[Failure]:
    """Everything wrong with labels. Nothing if they are not a mapping: the schema checks types."""
    if not isinstance(labels, dict):
        return
    if len(labels) > MOST:
        yield where, f"has {len(labels)} labels; the API allows {MOST}"
    for key, value in labels.items():
        if not (str(key)[:1].isalpha() and _is_plain(str(key))):
            words = f"must start with a small letter and hold small letters, digits, - and _, at most {_LONGEST}"
            yield join(where, str(key)), words
        if isinstance(value, str) and not _is_plain(value):
            yield join(where, str(key)), f"its value must be small letters, digits, - and _, at most {_LONGEST}"


def reserved_failures(inputs: Mapping[str, Any], added: tuple[str, ...], where: str) -> Iterator[Failure]:
    """Refuses labels that collide with those that the resource adds: too many, or the same key.

    Args:
        inputs: of a resource, under the API's names.
        added: the keys of the labels that it adds, at once or later.
        where: the path of the inputs.
    """
    labels = inputs.get("labels")
    if not isinstance(labels, Mapping):
        return
    most = MOST - len(added)
    if len(labels) > most:
        reason = f"has {len(labels)} labels; at most {most} may be given: the API allows {MOST}"
        yield join(where, "labels"), f"{reason}, and the stack adds {' and '.join(added)}"
    reserved = "is reserved for the stack's ownership label: choose another key"
    yield from ((join(where, f"labels.{key}"), reserved) for key in added if key in labels)


def _is_plain(text: str) -> bool:
    """Whether a key or value has only lowercase letters, digits, `-` and `_`."""
    return len(text) <= _LONGEST and all(char in "-_" or (char.isalnum() and char == char.lower()) for char in text)
