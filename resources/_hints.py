"""What to do about an answer of the API."""

from __future__ import annotations

from resources import _credentials, errors


def hint(error: errors.ApiError) -> str:
    """What to do about an answer of the API, as the tail of a message; empty where the answer says it all."""
    hints: dict[type[errors.ApiError], str] = {
        errors.Sunset: " Google takes no new projects on ml v1: set tf2-models:endpoint to a server that speaks it "
        "(the emulator: `python -m emulator up`), or use a project that was there before",
        errors.Unauthenticated: f" {_credentials.LOGIN}",
        errors.PermissionDenied: " Check that the API is enabled (`gcloud services enable ml.googleapis.com "
        "storage.googleapis.com`) and that these credentials have roles/ml.admin and roles/storage.admin",
        errors.ResourceExhausted: " A quota is used up: wait, or lower tf2-models:concurrentOperations",
        errors.AlreadyExists: " It is not in this stack's state: adopt: true takes it over; or choose another name",
    }
    return hints.get(type(error), "")
