"""What to do about an API error, for people who predict."""

from __future__ import annotations

from gcp import error_hints, errors
from prediction.deployed import DEPLOY
from prediction.settings import PLATFORM

_HINTS: dict[type[errors.ApiError], str] = {
    errors.NotFound: f"check the names in `pulumi stack output models`; {DEPLOY}",
    errors.FailedPrecondition: f"check the state of the version; {DEPLOY}",
    errors.ResourceExhausted: "a quota is used up or all nodes are busy: wait, or give the version more nodes",
    errors.Unavailable: "try again in a moment",
    **PLATFORM.ERROR_HINTS,
}


def format_error(error: errors.Error) -> str:
    """An error as one line per failure, with the next step if the API's own message lacks it."""
    if not isinstance(error, errors.ApiError):
        return str(error)
    message = f"{' '.join(error.message.split()).rstrip('.')} ({error.code} {error.status})"
    hint = error_hints.login(error) if isinstance(error, errors.Unauthenticated) else _HINTS.get(type(error), "")
    step = error_hints.permission(error) or hint
    return f"{message}: {step}" if step and step not in message else message
