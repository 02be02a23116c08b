"""Times and dates: the texts of RFC 3339 in bodies, and HTTP dates in headers."""

from __future__ import annotations

import re
from datetime import date, datetime, timezone

_TIME = re.compile(r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(?:[Zz]|([+-]\d\d:\d\d))")
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def parse(text: str) -> datetime:
    """Returns the UTC time that an RFC 3339 text names, to the microsecond. Python 3.10 reads only some of them.

    Raises:
        ValueError: the text is not an RFC 3339 time.
        OverflowError: in UTC it is before the year 1 or after 9999.
    """
    found = _TIME.fullmatch(text)
    if found is None:
        raise ValueError(text)
    day, clock, fraction, zone = found.groups()
    micros = (fraction or "").ljust(6, "0")[:6]
    return datetime.fromisoformat(f"{day}T{clock}.{micros}{zone or '+00:00'}").astimezone(timezone.utc)


def is_time(text: str) -> bool:
    """Whether `text` is an RFC 3339 time."""
    try:
        parse(text)
    except (ValueError, OverflowError):
        return False
    return True


def is_date(text: str) -> bool:
    """Whether `text` is a date: `2024-05-06`."""
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def milliseconds(moment: datetime) -> str:
    """Returns a time in UTC with milliseconds: `2024-05-06T07:08:09.123Z`. Such texts sort by time."""
    return moment.astimezone(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def exact(moment: datetime) -> str:
    """Returns a time in UTC, with microseconds where there are any: `2024-05-06T07:08:09.123456Z`."""
    return moment.astimezone(timezone.utc).isoformat().replace("+00:00", "Z")


def http_date(text: str) -> str:
    """Returns the HTTP date (`Mon, 06 May 2024 07:08:09 GMT`) of a text that `milliseconds` wrote."""
    day = date.fromisoformat(text[:10])
    return f"{_DAYS[day.weekday()]}, {text[8:10]} {_MONTHS[day.month - 1]} {text[:4]} {text[11:19]} GMT"


def stamp(moment: str) -> str:
    """A stored time in whole seconds: `2024-05-06T07:08:09Z`."""
    return datetime.fromisoformat(moment).strftime("%Y-%m-%dT%H:%M:%SZ")
