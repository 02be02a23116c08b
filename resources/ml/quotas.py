"""Google's limits and quotas on `ml` v1, and the calls that count against them. Quotas are per project.

Source: https://cloud.google.com/ai-platform/prediction/docs/quotas
"""

from __future__ import annotations

PREDICT_BYTES = 1_572_864
"""Maximum bytes of a request to `ml.projects.predict`."""
CALLS_PER_MINUTE = 300
"""Management calls."""
OPERATIONS = 10
"""Concurrent creations and deletions of versions."""


def is_management(method: str | None) -> bool:
    """Whether this method id is a management call: every method of `ml` except predictions, so polls count too."""
    return (method or "").startswith("ml.") and method not in ("ml.projects.predict", "ml.projects.explain")
