"""Page tokens. A page starts after the item in its token, so items added between two pages do not shift the others."""

from __future__ import annotations

import base64
import binascii


def of(last: str) -> str:
    """The `nextPageToken` of a page that ends with this item."""
    return base64.urlsafe_b64encode(last.encode()).decode()


def read(token: str | None) -> str:
    """The item after which a page starts; empty for the first page. Raises `ValueError` for an invalid token."""
    try:
        return base64.b64decode(token or "", altchars=b"-_", validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as exc:
        raise ValueError(token) from exc
