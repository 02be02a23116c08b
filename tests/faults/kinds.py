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
