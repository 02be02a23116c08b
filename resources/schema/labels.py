"""What labels may be: rules that Cloud Storage and `ml` v1 share. Pure.

Source: Cloud Storage, "Bucket labels"; `ml` v1, "Resource labels". Letters of scripts that know no capitals are small.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from resources.schema.types import Failure, join

MOST = 64
_LONGEST = 63


def label_failures(labels: Any, where: str = "labels") -> Iterator[Failure]:
    """Everything wrong with labels, where they are a mapping: their type is the schema's to judge."""
    if not isinstance(labels, dict):
        return
    if len(labels) > MOST:
        yield where, f"has {len(labels)} labels; the API takes {MOST}"
    for key, value in labels.items():
        if not (str(key)[:1].isalpha() and _is_plain(str(key))):
            words = f"must start with a small letter and hold small letters, digits, - and _, at most {_LONGEST}"
            yield join(where, str(key)), words
        if isinstance(value, str) and not _is_plain(value):
            yield join(where, str(key)), f"its value must be small letters, digits, - and _, at most {_LONGEST}"


def _is_plain(text: str) -> bool:
    """Whether a text of a label holds nothing else than small letters, digits, `-` and `_`."""
    return len(text) <= _LONGEST and all(char in "-_" or (char.isalnum() and char == char.lower()) for char in text)
