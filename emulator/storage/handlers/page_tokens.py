"""Pages of lists: how many things fit, and where the next page begins."""

from __future__ import annotations

import base64
import binascii
import json

from gcp import errors

_MOST = 1000


def limit(wanted: int | None) -> int:
    """How many things a page holds, for the `maxResults` of a call."""
    return max(1, min(wanted or _MOST, _MOST))


def token(name: str, generation: int = 0) -> str:
    """The `nextPageToken` of a page that is followed by this thing."""
    return base64.urlsafe_b64encode(json.dumps([name, generation]).encode()).decode()


def start(given: str | None) -> tuple[str, int]:
    """Where the page of a `pageToken` begins; before everything without one.

    Raises:
        errors.InvalidArgument: it is no token that `token` made.
    """
    if not given:
        return "", 0
    try:
        name, generation = json.loads(base64.b64decode(given, altchars=b"-_", validate=True))
        name.encode()
        generation.to_bytes(8, "big", signed=True)
    except (binascii.Error, ValueError, TypeError, AttributeError, OverflowError):
        raise errors.InvalidArgument("Invalid pageToken: give the nextPageToken of an earlier answer.") from None
    return name, generation
