"""Times as the API writes them."""

from __future__ import annotations

from datetime import datetime, timezone
from email.utils import format_datetime


def text(moment: datetime) -> str:
    """RFC 3339 in UTC with milliseconds: `2024-05-06T07:08:09.123Z`. Such texts sort by time."""
    return moment.astimezone(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def exact(moment: datetime) -> str:
    """RFC 3339 in UTC, to the microsecond where there is a part of a second."""
    return moment.astimezone(timezone.utc).isoformat().replace("+00:00", "Z")


def http(moment: str) -> str:
    """The HTTP date (`Mon, 06 May 2024 07:08:09 GMT`) of a time as `text` writes it."""
    parsed = datetime.fromisoformat(moment.removesuffix("Z")).replace(tzinfo=timezone.utc)  # Python 3.10 knows no Z
    return format_datetime(parsed, usegmt=True)
