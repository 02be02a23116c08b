"""The tokens of pages: a page begins after the item that its token holds, so what is added meanwhile moves nothing."""

from __future__ import annotations

import base64
import binascii


def of(last: str) -> str:
    """The `nextPageToken` of a page that ends with this item."""
    return base64.urlsafe_b64encode(last.encode()).decode()


def read(token: str | None) -> str:
    """The item after which a page begins; empty for the first page. Raises `ValueError` for what is no token."""
    try:
        return base64.b64decode(token or "", altchars=b"-_", validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as exc:
        raise ValueError(token) from exc
