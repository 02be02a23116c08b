"""Times and dates in the bodies of calls."""

from __future__ import annotations

import re
from datetime import date, datetime, timezone

_TIME = re.compile(r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(?:[Zz]|([+-]\d\d:\d\d))")


def time(text: str) -> datetime:
    """The moment that an RFC 3339 time names, in UTC, to the microsecond; Python 3.10 does not read all of them.

    Raises:
        ValueError: it is none.
    """
    found = _TIME.fullmatch(text)
    if found is None:
        raise ValueError(text)
    day, clock, fraction, zone = found.groups()
    micros = (fraction or "").ljust(6, "0")[:6]
    return datetime.fromisoformat(f"{day}T{clock}.{micros}{zone or '+00:00'}").astimezone(timezone.utc)


def is_time(text: str) -> bool:
    """Whether this is a time as RFC 3339 writes it."""
    try:
        time(text)
    except (ValueError, OverflowError):  # OverflowError: in UTC it is before the year 1 or after 9999
        return False
    return True


def is_date(text: str) -> bool:
    """Whether this is a date, `2024-05-06`."""
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
