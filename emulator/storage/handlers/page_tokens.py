"""Pages of lists: how many things fit, and where the next page begins."""

from __future__ import annotations

import base64
import binascii
import json

from gcp import errors

_MOST = 1000


def limit(wanted: int | None) -> int:
    """Returns the size of a page, for the `maxResults` of a call."""
    return max(1, min(wanted or _MOST, _MOST))


def token(name: str, generation: int = 0) -> str:
    """Returns the `nextPageToken` of a page, given the first entry of the next one."""
    return base64.urlsafe_b64encode(json.dumps([name, generation]).encode()).decode()


def start(given: str | None) -> tuple[str, int]:
    """Name and generation of the first entry of a `pageToken`'s page; without a token, values that sort first.

    Raises:
        errors.InvalidArgument: `token` did not make it.
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
