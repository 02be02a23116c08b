"""What to do about a refusal of the API, for those who predict."""

from __future__ import annotations

from gcp import error_hints, errors

DEPLOY = "`pulumi up` deploys what the stack declares; after a change outside of Pulumi, run `pulumi refresh` first"
"""`pulumi up` trusts its state: it reports no change for a version that was deleted outside Pulumi."""
_HINTS: dict[type[errors.ApiError], str] = {
    errors.NotFound: f"check the names in `pulumi stack output models`; {DEPLOY}",
    errors.FailedPrecondition: f"check the state of the version; {DEPLOY}",
    errors.Sunset: "set tf2-models:endpoint to a server that speaks ml v1 (the emulator: `python -m emulator up`)",
    errors.PermissionDenied: "these credentials need roles/ml.developer, and roles/storage.objectViewer for samples",
    errors.ResourceExhausted: "a quota is used up or all nodes are busy: wait, or give the version more nodes",
    errors.Unavailable: "try again in a moment",
}


def line(error: errors.Error) -> str:
    """An error as one line per failure, with the next step where the API's own message lacks it."""
    if not isinstance(error, errors.ApiError):
        return str(error)
    message = f"{' '.join(error.message.split()).rstrip('.')} ({error.code} {error.status})"
    own = error_hints.login(error) if isinstance(error, errors.Unauthenticated) else _HINTS.get(type(error), "")
    step = error_hints.permission(error) or own
    return f"{message}: {step}" if step and step not in message else message
