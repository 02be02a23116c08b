"""Turns an error response into an exception."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from gcp import errors

_SUNSET = errors.SUNSET_TEXT.partition(".")[0]
"""How that message begins. The rest is advice, which may change."""


def from_response(code: int, content: bytes, *, media: bool = False) -> errors.ApiError:
    """The exception for an error response.

    Args:
        code: HTTP status. A status without a class of its own becomes `Unavailable` from 500 on, since those are
            usually transient, else `InvalidArgument`; the error keeps this code, with HTTP's name for it.
        content: the body. If it is not an error in Google's JSON shape, the first line of its text is used.
        media: whether an object's bytes were requested: Cloud Storage then writes errors as plain text.
    """
    error = _error_of(content, media=media)
    message = " ".join(str(error.get("message") or f"HTTP {code} without a message").split())
    status, details = error.get("status"), error.get("details") or error.get("errors") or ()
    if code == errors.Sunset.code and message.startswith(_SUNSET):
        return errors.Sunset(message)
    classes = errors.of_code(code)
    found = next((cls for cls in classes if cls.status == status), classes[0])(message, details)
    if found.code != code:
        found.code = code
        found.status = HTTPStatus(code).phrase if code in set(HTTPStatus) else found.status
    return found


def _error_of(content: bytes, *, media: bool) -> Mapping[str, Any]:
    text = content.decode("utf-8", "replace").strip()
    try:
        error = json.loads(text)["error"]
    except (ValueError, KeyError, TypeError):
        if media and text and not text.startswith("<"):
            return {"message": text[:500]}
        return {"message": f"not the API's own answer: {' '.join(text.split())[:200]!r}" if text else ""}
    return error if isinstance(error, dict) else {"message": str(error)}
