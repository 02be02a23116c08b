"""From a bad answer of the API to the error that it means."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from gcp import errors

_SUNSET = errors.SUNSET_TEXT.partition(".")[0]
"""How that message begins: the rest of it is advice, which may change."""


def from_response(code: int, content: bytes, *, media: bool = False) -> errors.ApiError:
    """The error that an answer of the API means.

    Args:
        code: HTTP status of the answer. One that no class has is an `Unavailable` from 500 on, which passes, as a rule,
            whoever answers so, and an `InvalidArgument` below; the error then has this code, and HTTP's name for it.
        content: its body; anything that is not Google's JSON shape gives the first line of its text.
        media: whether the bytes of an object were asked for: Cloud Storage then writes errors as plain text.
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
