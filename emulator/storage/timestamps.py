"""Times as the API writes them."""

from __future__ import annotations

from datetime import date, datetime, timezone

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def text(moment: datetime) -> str:
    """RFC 3339 in UTC with milliseconds: `2024-05-06T07:08:09.123Z`. Such texts sort by time."""
    return moment.astimezone(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def exact(moment: datetime) -> str:
    """RFC 3339 in UTC, to the microsecond where there is a part of a second."""
    return moment.astimezone(timezone.utc).isoformat().replace("+00:00", "Z")


def http(moment: str) -> str:
    """The HTTP date (`Mon, 06 May 2024 07:08:09 GMT`) of a time as `text` writes it."""
    day = date.fromisoformat(moment[:10])
    return f"{_DAYS[day.weekday()]}, {moment[8:10]} {_MONTHS[day.month - 1]} {moment[:4]} {moment[11:19]} GMT"
