"""What to do about an API error, for people who predict."""

from __future__ import annotations

from gcp import error_hints, errors
from prediction import platforms
from prediction.deployed import DEPLOY

_HINTS: dict[type[errors.ApiError], str] = {
    errors.NotFound: f"check the names in `pulumi stack output models`; {DEPLOY}",
    errors.FailedPrecondition: f"check the state of the version; {DEPLOY}",
    errors.ResourceExhausted: "a quota is used up or all nodes are busy: wait, or give the version more nodes",
    errors.Unavailable: "try again in a moment",
}


def format_error(error: errors.Error) -> str:
    """An error as one line per failure, with the next step if the API's own message lacks it."""
    if not isinstance(error, errors.ApiError):
        return str(error)
    message = f"{' '.join(error.message.split()).rstrip('.')} ({error.code} {error.status})"
    hint = error_hints.login(error) if isinstance(error, errors.Unauthenticated) else _hint(error)
    step = error_hints.permission(error) or hint
    return f"{message}: {step}" if step and step not in message else message


def _hint(error: errors.ApiError) -> str:
    """What the platform whose method failed says of such an error, else what holds for all."""
    return platforms.error_hints(error.method or "").get(type(error)) or _HINTS.get(type(error), "")
