"""Whole numbers in headers and queries."""

from __future__ import annotations

import re

DIGITS = "[0-9]{1,18}"
"""A whole number that a column of the database holds, as a regular expression. No size or generation is larger."""

_WHOLE = re.compile(DIGITS)


def whole_number(text: str) -> int | None:
    """Returns the number of at most 18 digits that `text` is; None for anything else."""
    return int(text) if _WHOLE.fullmatch(text) else None
