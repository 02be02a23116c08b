"""What to do about an answer of the API."""

from __future__ import annotations

import re
from collections.abc import Callable

from gcp import credentials, errors
from resources.config import local_endpoint

_AGAIN = "This passes, as a rule: run the same command again, it goes on where this one stopped"
_UNHEARD = "It may have taken effect all the same: before you take the stack file back, `pulumi refresh` tells"
"""Of a write whose answer did not come, or says that something went wrong on the way."""
_UNSURE = (errors.Internal, errors.Unavailable, errors.DeadlineExceeded)
_REFRESH = "Run `pulumi refresh` to see what is there now, then the same command again"
_MEND = "Correct what the message names in the stack file, then run `pulumi up` again"

_NOT_EMULATED = (
    "This endpoint does not do that; docs/reference/emulator-methods.md lists what the emulator does. With another "
    "server, check that tf2-models:endpoint is its root"
)
_KEPT = "Release the object's hold, or wait until its retention ends (`gcloud storage objects describe` shows both)"
"""The hint for a 403 that is not about permissions."""

UNTAINT = "A resource that was only to be made again (`pulumi state taint`) stays with `pulumi state untaint`"
"""Of what cannot be deleted."""

_STEPS: dict[type[errors.Error], str] = {
    errors.InvalidArgument: _MEND,
    errors.Sunset: "Google takes no new projects on ml v1: set tf2-models:endpoint to a server that speaks it "
    "(the emulator: `python -m emulator up`), or use a project that was there before",
    errors.FailedPrecondition: _REFRESH,
    errors.PermissionDenied: "Check that the API is enabled (`gcloud services enable ml.googleapis.com "
    "storage.googleapis.com`) and that these credentials have roles/ml.admin and roles/storage.admin",
    errors.NotFound: f"What it needs is gone, or was never there. {_REFRESH}",
    errors.MethodNotAllowed: _NOT_EMULATED,
    errors.AlreadyExists: "It is not in this stack's state: adopt: true takes it over; or choose another name",
    errors.Aborted: f"Somebody else changed it meanwhile. {_REFRESH}",
    errors.Gone: _AGAIN,
    errors.LengthRequired: "A proxy may have changed the request: check HTTPS_PROXY and NO_PROXY",
    errors.PreconditionFailed: f"Somebody else changed it meanwhile. {_REFRESH}",
    errors.PayloadTooLarge: "Deploy a smaller artifact, or give less text in the stack file",
    errors.RangeNotSatisfiable: _AGAIN,
    errors.ResourceExhausted: "A quota is used up: wait, or lower tf2-models:callsPerMinute or concurrentOperations",
    errors.Internal: _AGAIN,
    errors.Unimplemented: _NOT_EMULATED,
    errors.Unavailable: _AGAIN,
    errors.DeadlineExceeded: _AGAIN,
    errors.OperationFailed: "Mend what the message names, then run `pulumi up` again",
}

_SERVICE = re.compile(r"^([a-z0-9-]+\.googleapis\.com)$")
_PERMISSION = re.compile(r"^((?:ml|storage)\.[A-Za-z.]+)$")
_PROJECT = re.compile(r"^projects/([a-z0-9:.-]+)")
_PAGE = re.compile(r"^(https://console\.[a-z.]*google\.com/[\w./?=&-]+)$")


def told(what: str, error: errors.ApiError | errors.OperationFailed) -> str:
    """An answer of the API as one line: what was going on, the API's own words, its method, what to do.

    An error that no call gave (`method` is empty) says itself what to do.
    """
    cause = str(error).rstrip(".")
    if not error.method:
        return f"{what}: {cause}"
    status = f"{error.code} {error.status}" if isinstance(error, errors.ApiError) else f"operation error {error.code}"
    unheard = f". {_UNHEARD}" if isinstance(error, _UNSURE) and error.writes else ""
    return f"{what}: {cause} ({error.method}: {status}). {step(error)}{unheard}"


def step(error: errors.ApiError | errors.OperationFailed) -> str:
    """What to do about an answer of the API."""
    if isinstance(error, errors.Unauthenticated):
        return f"Log in: {login(error)}"
    if isinstance(error, errors.PermissionDenied) and is_kept(error):
        return _KEPT
    if isinstance(error, errors.FailedPrecondition) and error.method.endswith(".create"):
        return _MEND  # what is there already has no part in it
    if isinstance(error, errors.AlreadyExists) and (stranger := local_endpoint.not_ours(error.endpoint)):
        return f"{stranger}. Else: {_STEPS[errors.AlreadyExists][0].lower()}{_STEPS[errors.AlreadyExists][1:]}"
    return permission(error) or _STEPS[type(error)]


def login(error: errors.Unauthenticated) -> str:
    """What to do about a 401: Google's endpoint asks for its credentials, any other for a token of its own."""
    return credentials.LOGIN if error.is_google else credentials.OWN_LOGIN


def is_kept(error: errors.PermissionDenied) -> bool:
    """Whether Cloud Storage refused to delete or replace an object because of a hold or a retention period."""
    retained = any(isinstance(item, dict) and item.get("reason") == "retentionPolicyNotMet" for item in error.details)
    return retained or " is under active " in error.message


def permission(error: errors.Error) -> str:
    """The command that helps, where a 403 says which API or permission is lacking; empty where it does not."""
    for item in error.details if isinstance(error, errors.PermissionDenied) else ():
        reason, facts = (item.get("reason"), item.get("metadata") or {}) if isinstance(item, dict) else ("", {})
        project = _plain(facts.get("consumer") or facts.get("resource"), _PROJECT)
        if reason in ("SERVICE_DISABLED", "accessNotConfigured"):  # ml, and Cloud Storage
            service = _plain(facts.get("service"), _SERVICE) or "storage.googleapis.com"
            page = _plain(facts.get("activationUrl") or item.get("extendedHelp"), _PAGE)
            command = f"gcloud services enable {service} --project {project or 'PROJECT'}"
            return f"Enable it: `{command}`" + (f" ({page})" if page else "")
        lacking = _plain(facts.get("permission"), _PERMISSION)
        if lacking:
            role = f"roles/{lacking.partition('.')[0]}.admin"
            command = f"gcloud projects add-iam-policy-binding {project or 'PROJECT'} --member=user:YOU --role={role}"
            return f"These credentials lack {lacking}: `{command}`"
    return ""


def _plain(text: object, form: re.Pattern[str]) -> str:
    """What the form finds in a text of the answer: it becomes a part of a command."""
    found = form.search(text) if isinstance(text, str) else None
    return found[1] if found else ""


def shown(error: errors.Error, what: str, hide: Callable[[str], str]) -> errors.Error:
    """The same error as the engine shows it: with what was going on, and without secrets."""
    if isinstance(error, errors.ApiError):
        return type(error)(hide(told(what, error)), error.details)
    if isinstance(error, errors.OperationFailed):
        return errors.OperationFailed(hide(told(what, error)), error.code)
    if isinstance(error, errors.EndpointUnreachable) and not error.lasting:
        unheard = f". {_UNHEARD}" if error.writes else ""
        return errors.EndpointUnreachable(hide(f"{what}: {error}. {_AGAIN}{unheard}"))
    return type(error)(hide(str(error) if isinstance(error, errors.OperationTimeout) else f"{what}: {error}"))
