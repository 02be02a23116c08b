"""What a refusal says to its reader: the resource, the method, the cause and the next step, on one line."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gcp import error_hints, error_responses, errors
from tests.gcp.test_errors import API_ERRORS

WHAT = "create model projects/p/models/m"
METHOD = "ml.projects.models.create"


def refusal(error: errors.ApiError | errors.OperationFailed) -> errors.ApiError | errors.OperationFailed:
    """The error as a call of the API gives it."""
    error.method = METHOD
    return error


@pytest.mark.parametrize("kind", API_ERRORS, ids=lambda kind: kind.__name__)
def test_every_refusal_names_resource_method_cause_and_next_step(kind: type[errors.ApiError]) -> None:
    """In this order; a full stop of the API's own is not doubled."""
    line = error_hints.told(WHAT, refusal(kind("No such thing.")))

    start, _, step = line.partition(f" ({METHOD}: {kind.code} {kind.status}). ")
    assert start == f"{WHAT}: No such thing"
    assert len(step) > 20
    assert "\n" not in line


def test_an_operation_that_failed_says_the_same() -> None:
    """With the method that began it."""
    line = error_hints.told(WHAT, refusal(errors.OperationFailed("Bad model detected.", 9)))

    assert line.startswith(f"{WHAT}: Bad model detected ({METHOD}: operation error 9). ")
    assert "`pulumi up`" in line


def test_what_cannot_be_made_as_declared_is_no_matter_of_a_refresh() -> None:
    """A folder without a SavedModel, say: it is the stack file that is to be mended."""
    error = errors.FailedPrecondition("Deployment directory gs://b/x/ is empty")
    error.method = "ml.projects.models.versions.create"

    assert error_hints.told(WHAT, error).endswith("in the stack file, then run `pulumi up` again")
    assert "refresh" not in error_hints.told(WHAT, error)


def test_what_no_call_gave_says_itself_what_to_do() -> None:
    """No code, no method: they would be of no call."""
    line = error_hints.told(WHAT, errors.FailedPrecondition("it holds a; delete it, or set forceDestroy: true"))

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
    ("details", "said"),
    [
        (
            [DISABLED],
            "`gcloud services enable ml.googleapis.com --project 123` (https://console.developers.google.com/",
        ),
        (
            [{"domain": "usageLimits", "reason": "accessNotConfigured"}],
            "`gcloud services enable storage.googleapis.com --project PROJECT`",
        ),
        ([LACKING], "lack ml.models.create: `gcloud projects add-iam-policy-binding demo --member=user:YOU "),
        ([{**DISABLED, "metadata": {"service": "x; rm -r ~"}}], "`gcloud services enable storage.googleapis.com "),
        (["odd", {}, {"metadata": None}], "roles/ml.admin and roles/storage.admin"),
    ],
    ids=["ml disabled", "storage disabled", "permission", "no command of the answer's own", "nothing known"],
)
def test_a_403_names_the_command_that_helps(details: list[object], said: str) -> None:
    """Taken from what the answer says of itself; the general advice where it says nothing."""
    content = json.dumps({"error": {"code": 403, "message": "No.", "status": "PERMISSION_DENIED", "details": details}})
    error = error_responses.from_response(403, content.encode())

    assert said in error_hints.told(WHAT, refusal(error))


def test_googles_401_is_mended_by_a_login_at_google() -> None:
    """As an error that no endpoint of one's own gave has it."""
    assert "Log in: run `gcloud auth application-default login`" in error_hints.told(
        WHAT, refusal(errors.Unauthenticated("No."))
    )


def test_cloud_storages_own_form_of_an_error_is_read() -> None:
    """It has `errors` in the place of `details`."""
    content = json.dumps({"error": {"code": 403, "message": "No.", "errors": [{"reason": "accessNotConfigured"}]}})

    error = error_responses.from_response(403, content.encode())

    assert "services enable storage" in error_hints.told(WHAT, refusal(error))


@pytest.mark.parametrize("writes", [True, False])
@pytest.mark.parametrize(
    "error",
    [errors.EndpointUnreachable("no"), refusal(errors.Internal("No.")), refusal(errors.Unavailable("No."))],
    ids=lambda error: type(error).__name__,
)
def test_a_change_without_an_answer_may_have_taken_effect(error: Any, writes: bool) -> None:
    """Its reader learns what tells, before the stack file is taken back; a read needs no such word."""
    error.writes = writes

    line = str(error_hints.shown(error, WHAT, str))

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
    assert error_hints.step(error).startswith("Release the object's hold, or wait until its retention ends")
