"""Errors as a user of `pulumi` sees them: the action, the API's message, and what to do."""

from __future__ import annotations

from collections.abc import Callable

from gcp import error_hints, errors
from resources.config import local_endpoint

_RETRY = "Usually temporary: run the same command again, it resumes where this one stopped"
_UNCERTAIN = "It may have taken effect: run `pulumi refresh` to find out before you revert the stack file"
"""For a write without a response, or with a response that leaves its effect open."""
_CONTINUE = "`pulumi up` continues"
_READ_FIRST = f"{_CONTINUE}; run `pulumi refresh` before you revert the stack file"
"""For a deletion: the engine records nothing when one fails."""
_UNCERTAIN_ERRORS = (errors.Internal, errors.Unavailable, errors.DeadlineExceeded)
_REFRESH = "Run `pulumi refresh` to read the current state, then the same command again"
_CORRECT = "Correct what the message names in the stack file, then run `pulumi up` again"

_NOT_EMULATED = (
    "This endpoint does not support that; docs/reference/emulator-methods.md lists what the emulator supports. With "
    "another server, check that tf2-models:endpoint is its root"
)
_KEPT = "Release the object's hold, or wait until its retention ends (`gcloud storage objects describe` shows both)"
"""Advice for a 403 that is not about permissions."""

UNTAINT = "If it was only tainted (`pulumi state taint`), keep it with `pulumi state untaint`"
"""Advice for a resource that cannot be deleted."""

_STEPS: dict[type[errors.Error], str] = {
    errors.InvalidArgument: _CORRECT,
    errors.Sunset: _CORRECT,
    errors.FailedPrecondition: _REFRESH,
    errors.NotFound: f"A resource that it needs does not exist. {_REFRESH}",
    errors.MethodNotAllowed: _NOT_EMULATED,
    errors.AlreadyExists: "It is not in this stack's state: adopt: true takes it over; or choose another name",
    errors.Aborted: f"Somebody else changed it meanwhile. {_REFRESH}",
    errors.Gone: _RETRY,
    errors.LengthRequired: "A proxy may have changed the request: check HTTPS_PROXY and NO_PROXY",
    errors.PreconditionFailed: f"Somebody else changed it meanwhile. {_REFRESH}",
    errors.PayloadTooLarge: "Deploy a smaller artifact, or shorten texts in the stack file",
    errors.RangeNotSatisfiable: _RETRY,
    errors.ResourceExhausted: "A quota is used up: wait, or lower tf2-models:callsPerMinute or concurrentOperations",
    errors.Internal: _RETRY,
    errors.Unimplemented: _NOT_EMULATED,
    errors.Unavailable: _RETRY,
    errors.DeadlineExceeded: _RETRY,
    errors.OperationFailed: "Fix what the message names, then run `pulumi up` again",
}


def format_error(
    what: str, error: errors.ApiError | errors.OperationFailed, *, note: str = "", known: bool = False
) -> str:
    """An API's error as one line: what was going on, the API's own words, its method, what to do.

    An error without a `method` comes from this project and says itself what to do.

    Args:
        what: what was going on: "create version fashion_mnist/v2".
        error: the API's.
        note: a further sentence.
        known: whether the user needs no advice on what an uncertain call did.
    """
    cause = str(error).rstrip(".")
    if not error.method:
        return _joined(f"{what}: {cause}", note)
    status = f"{error.code} {error.status}" if isinstance(error, errors.ApiError) else f"operation error {error.code}"
    uncertain = _UNCERTAIN if isinstance(error, _UNCERTAIN_ERRORS) and error.writes and not known else ""
    return _joined(f"{what}: {cause} ({error.method}: {status})", next_step(error), uncertain, note)


def _joined(*sentences: str) -> str:
    return ". ".join(filter(None, sentences))


def next_step(error: errors.ApiError | errors.OperationFailed) -> str:
    """What to do about an API's error."""
    if isinstance(error, errors.Unauthenticated):
        return f"Log in: {error_hints.login(error)}"
    if isinstance(error, errors.PermissionDenied):
        return _KEPT if error_hints.is_kept(error) else error_hints.permission(error) or error.hint or _access(error)
    if isinstance(error, errors.FailedPrecondition) and error.method.endswith(".create"):
        return _CORRECT  # existing resources have no part in it
    if isinstance(error, errors.AlreadyExists) and (stranger := local_endpoint.not_ours(error.endpoint)):
        return f"{stranger}. Else: {_STEPS[errors.AlreadyExists][0].lower()}{_STEPS[errors.AlreadyExists][1:]}"
    return error.hint or _STEPS[type(error)]


def _access(error: errors.PermissionDenied) -> str:
    """What to check where the answer does not say what is missing."""
    service = error_hints.service_of(error)
    role = f"roles/{service.partition('.')[0]}.admin"
    return f"Check that the API is enabled (`gcloud services enable {service}`) and that these credentials have {role}"


def for_engine(
    error: errors.Error, what: str, hide: Callable[[str], str], *, note: str = "", known: bool = False
) -> errors.Error:
    """The same error as the engine shows it: with what was going on, and without secrets. For arguments see above."""
    if isinstance(error, errors.ApiError):
        return type(error)(hide(format_error(what, error, note=note, known=known)), error.details)
    if isinstance(error, errors.OperationFailed):
        return errors.OperationFailed(hide(format_error(what, error, note=note)), error.code)
    if isinstance(error, errors.EndpointUnreachable) and not error.lasting:
        uncertain = _UNCERTAIN if error.writes and not known else ""
        return errors.EndpointUnreachable(hide(_joined(f"{what}: {error}", _RETRY, uncertain, note)))
    if isinstance(error, errors.Cancelled):
        return errors.Cancelled(hide(_joined(f"{what}: {error}", note or (_CONTINUE if known else _READ_FIRST))))
    text = str(error) if isinstance(error, errors.OperationTimeout) else f"{what}: {error}"
    return type(error)(hide(_joined(text, note)))
