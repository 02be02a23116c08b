"""What labels and regions may be: rules that Cloud Storage and `ml` v1 share. Pure.

Source: Cloud Storage, "Bucket labels"; `ml` v1, "Resource labels". Google also takes small letters of other scripts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from resources._values import Failure, join

REGION = re.compile(r"[a-z]+-[a-z]+[0-9]+\Z")
KEY = re.compile(r"[a-z][a-z0-9_-]{0,62}\Z")
VALUE = re.compile(r"[a-z0-9_-]{0,63}\Z")
MOST = 64


def label_failures(labels: Any, where: str = "labels") -> Iterator[Failure]:
    """Everything wrong with labels, where they are a mapping: their type is the schema's to judge."""
    if not isinstance(labels, dict):
        return
    if len(labels) > MOST:
        yield where, f"has {len(labels)} labels; the API takes {MOST}"
    for key, value in labels.items():
        if not KEY.match(str(key)):
            yield (
                join(where, str(key)),
                "must start with a small letter and hold small letters, digits, - and _, at most 63",
            )
        if isinstance(value, str) and not VALUE.match(value):
            yield join(where, str(key)), "its value must be small letters, digits, - and _, at most 63"
