"""What a refusal says to its reader: the resource, the method, the cause and the next step, on one line."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gcp import error_responses, errors
from resources.engine import error_messages
from resources.ml.service import ML
from tests.gcp.test_errors import API_ERRORS

WHAT = "create model projects/p/models/m"
METHOD = "ml.projects.models.create"


def refusal(error: errors.ApiError | errors.OperationFailed) -> errors.ApiError | errors.OperationFailed:
    """The error as a call of the API gives it."""
    error.method = METHOD
    return error


CORRECT = "Correct what the message names in the stack file, then run `pulumi up` again"
RETRY = "Usually temporary: run the same command again, it resumes where this one stopped"
REFRESH = "Run `pulumi refresh` to read the current state, then the same command again"
NOT_EMULATED = (
    "This endpoint does not support that; docs/reference/emulator-methods.md lists what the emulator supports."
)
STEPS: dict[type[errors.ApiError], str] = {
    errors.InvalidArgument: CORRECT,
    errors.Sunset: CORRECT,
    errors.FailedPrecondition: CORRECT,  # of a create
    errors.Unauthenticated: "Log in: run `gcloud auth application-default login`",
    errors.PermissionDenied: "Check that the API is enabled (`gcloud services enable ml.googleapis.com`) and that "
    "these credentials have roles/ml.admin",
    errors.NotFound: f"A resource that it needs does not exist. {REFRESH}",
    errors.MethodNotAllowed: NOT_EMULATED,
    errors.AlreadyExists: "It is not in this stack's state: adopt: true takes it over; or choose another name",
    errors.Aborted: f"Somebody else changed it meanwhile. {REFRESH}",
    errors.Gone: RETRY,
    errors.LengthRequired: "A proxy may have changed the request: check HTTPS_PROXY and NO_PROXY",
    errors.PreconditionFailed: f"Somebody else changed it meanwhile. {REFRESH}",
    errors.PayloadTooLarge: "Deploy a smaller artifact, or shorten texts in the stack file",
    errors.RangeNotSatisfiable: RETRY,
    errors.ResourceExhausted: "A quota is used up: wait, or lower tf2-models:callsPerMinute or concurrentOperations",
    errors.Internal: RETRY,
    errors.Unimplemented: NOT_EMULATED,
    errors.Unavailable: RETRY,
    errors.DeadlineExceeded: RETRY,
}
"""How the step for each kind of refusal of a create begins."""


@pytest.mark.parametrize("kind", API_ERRORS, ids=lambda kind: kind.__name__)
def test_every_refusal_names_resource_method_cause_and_next_step(kind: type[errors.ApiError]) -> None:
    """In this order; a full stop of the API's own is not doubled."""
    line = error_messages.format_error(WHAT, refusal(kind("No such thing.")))

    assert line.startswith(f"{WHAT}: No such thing ({METHOD}: {kind.code} {kind.status}). {STEPS[kind]}")
    assert "\n" not in line


def test_a_refusal_is_one_of_the_api_alone_where_that_is_known() -> None:
    """The hint of an API takes the place of the usual step."""
    error = refusal(errors.Sunset())
    error.hint = ML.hint(error)

    assert error.hint.startswith("Google takes no new projects on ml v1: deploy to Vertex AI")
    assert error_messages.format_error(WHAT, error).endswith(f"). {error.hint}")


def test_an_operation_that_failed_says_the_same() -> None:
    """With the method that began it."""
    line = error_messages.format_error(WHAT, refusal(errors.OperationFailed("Bad model detected.", 9)))

    assert line.startswith(f"{WHAT}: Bad model detected ({METHOD}: operation error 9). ")
    assert "`pulumi up`" in line


def test_what_cannot_be_made_as_declared_is_no_matter_of_a_refresh() -> None:
    """A folder without a SavedModel, say: it is the stack file that is to be mended."""
    error = errors.FailedPrecondition("Deployment directory gs://b/x/ is empty")
    error.method = "ml.projects.models.versions.create"

    assert error_messages.format_error(WHAT, error).endswith("in the stack file, then run `pulumi up` again")
    assert "refresh" not in error_messages.format_error(WHAT, error)


def test_what_no_call_gave_says_itself_what_to_do() -> None:
    """No code, no method: they would be of no call."""
    line = error_messages.format_error(
        WHAT, errors.FailedPrecondition("it holds a; delete it, or set forceDestroy: true")
    )

    assert line == f"{WHAT}: it holds a; delete it, or set forceDestroy: true"


DISABLED = {
    "@type": "type.googleapis.com/google.rpc.ErrorInfo",
    "reason": "SERVICE_DISABLED",
    "metadata": {
        "service": "ml.googleapis.com",
        "consumer": "projects/123",
        "activationUrl": "https://console.developers.google.com/apis/api/ml.googleapis.com/overview?project=123",
    },
}
LACKING = {
    "reason": "IAM_PERMISSION_DENIED",
    "metadata": {"permission": "ml.models.create", "resource": "projects/demo"},
}


@pytest.mark.parametrize(
    ("method", "details", "said"),
    [
        (
            METHOD,
            [DISABLED],
            "`gcloud services enable ml.googleapis.com --project 123` (https://console.developers.google.com/",
        ),
        (
            "storage.buckets.insert",
            [{"domain": "usageLimits", "reason": "accessNotConfigured"}],
            "`gcloud services enable storage.googleapis.com --project PROJECT`",
        ),
        (METHOD, [LACKING], "lack ml.models.create: `gcloud projects add-iam-policy-binding demo --member=user:YOU "),
        (METHOD, [{**DISABLED, "metadata": {"service": "x; rm -r ~"}}], "`gcloud services enable ml.googleapis.com "),
        ("storage.buckets.insert", ["odd", {}, {"metadata": None}], "these credentials have roles/storage.admin"),
    ],
    ids=["ml disabled", "storage disabled", "permission", "no command of the answer's own", "nothing known"],
)
def test_a_403_names_the_command_that_helps(method: str, details: list[object], said: str) -> None:
    """Taken from what the answer says of itself; the general advice where it says nothing."""
    content = json.dumps({"error": {"code": 403, "message": "No.", "status": "PERMISSION_DENIED", "details": details}})
    error = error_responses.from_response(403, content.encode())
    error.method = method

    assert said in error_messages.format_error(WHAT, error)


def test_googles_401_is_mended_by_a_login_at_google() -> None:
    """As an error that no endpoint of one's own gave has it."""
    assert "Log in: run `gcloud auth application-default login`" in error_messages.format_error(
        WHAT, refusal(errors.Unauthenticated("No."))
    )


def test_cloud_storages_own_form_of_an_error_is_read() -> None:
    """It has `errors` in the place of `details`."""
    content = json.dumps({"error": {"code": 403, "message": "No.", "errors": [{"reason": "accessNotConfigured"}]}})

    error = error_responses.from_response(403, content.encode())
    error.method = "storage.buckets.insert"

    assert "services enable storage" in error_messages.format_error(WHAT, error)


@pytest.mark.parametrize("writes", [True, False])
@pytest.mark.parametrize(
    "error",
    [errors.EndpointUnreachable("no"), refusal(errors.Internal("No.")), refusal(errors.Unavailable("No."))],
    ids=lambda error: type(error).__name__,
)
def test_a_change_without_an_answer_may_have_taken_effect(error: Any, writes: bool) -> None:
    """Its reader learns what tells, before the stack file is taken back; a read needs no such word."""
    error.writes = writes

    line = str(error_messages.for_engine(error, WHAT, str))

    assert ("It may have taken effect" in line and "`pulumi refresh`" in line) is writes


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("Object 'b/o' is under active Temporary hold and cannot be deleted.", "forbidden"),
        ("Object 'b/o' is subject to bucket's retention policy.", "retentionPolicyNotMet"),
    ],
)
def test_an_object_that_is_kept_lacks_no_permission(message: str, reason: str) -> None:
    """A 403 because of a hold or a retention names these, and no role."""
    content = json.dumps({"error": {"code": 403, "message": message, "errors": [{"reason": reason}]}})
    error = error_responses.from_response(403, content.encode())

    assert isinstance(error, errors.ApiError)
    assert error_messages.next_step(error).startswith("Release the object's hold, or wait until its retention ends")
