"""The ways in which a call goes wrong, as rules of the emulator without their method."""

from __future__ import annotations

from typing import Any

from gcp.errors import SUNSET_TEXT

OFTEN = 1000
"""More often than any verb tries."""

CALLS: dict[str, dict[str, Any]] = {
    "unavailable": {"status": 503},
    "unavailable long": {"status": 503, "times": OFTEN},
    "internal": {"status": 500},
    "quota": {"status": 429, "retryAfter": 1},
    "quota long": {"status": 429, "retryAfter": 60, "times": OFTEN},
    "unauthenticated": {"status": 401},
    "denied": {"status": 403},
    "sunset": {"status": 400, "message": SUNSET_TEXT},
    # Google's client sends a call whose connection was closed once more by itself: 2 reaches our own repetition.
    "dropped before": {"drop": "before", "times": 2},
    "dropped after": {"drop": "after", "times": 2},
    "dropped after long": {"drop": "after", "times": OFTEN},
    "truncated": {"truncate": 10},
    "truncated long": {"truncate": 10, "times": OFTEN},
    "proxy error": {"html": 502},
    "proxy page": {"html": 200},
    "proxy page long": {"html": 200, "times": OFTEN},
    "slow": {"delay": 0.3},
}
"""Of every method."""

OPERATIONS: dict[str, dict[str, Any]] = {
    "failed": {"operation": "error", "message": "Bad model detected."},
    "exists": {"operation": "error", "code": 6, "message": "It exists already."},
    "never": {"operation": "never"},
}
"""Of the methods that begin an operation."""

ALL = {**CALLS, **OPERATIONS}

_RETRY = r"run the same command again"
_LOST = rf"{_RETRY}|Somebody else changed it meanwhile\. Run `pulumi refresh`"
"""Of a call that took effect, and whose repetition found another etag than it had read."""
_STEPS = {
    "unavailable": _RETRY,
    "internal": _RETRY,
    "quota": r"A quota is used up: wait, or lower tf2-models:callsPerMinute",
    "unauthenticated": r"Log in: set TF2_MODELS_TOKEN to the token that tf2-models:endpoint asks for",
    "denied": r"enabled \(`gcloud services enable (ml|storage|aiplatform)\.googleapis\.com`\).* have roles/\1\.admin",
    "sunset": r"Google takes no new projects on ml v1: deploy to Vertex AI|Correct what the message names",
    "dropped before": _RETRY,
    "dropped after": _LOST,
    "truncated": _LOST,
    "proxy error": _RETRY,
    "proxy page": r"check tf2-models:endpoint, HTTPS_PROXY and NO_PROXY|Run the same command again, since a proxy",
    "failed": r"Fix what (the message|this) names, then run `pulumi up` again",
    "exists": r"adopt: true takes it over; or choose another name|Fix what the message names",
    "never": r"give more time with `timeouts`",
}


def step_of(fault: str) -> str:
    """What the next step of a failure by this fault says, as a regular expression; a lasting one says the same."""
    return _STEPS[fault.removesuffix(" long")]
