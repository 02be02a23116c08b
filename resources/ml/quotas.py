"""Google's limits and quotas on `ml` v1, and what counts against them. Quotas are a project's.

Source: https://cloud.google.com/ai-platform/prediction/docs/quotas
"""

from __future__ import annotations

PREDICT_BYTES = 1_572_864
"""The largest body that `ml.projects.predict` takes."""
CALLS_PER_MINUTE = 300
"""Management calls."""
OPERATIONS = 10
"""Creations and deletions of versions at a time."""


def is_management(method: str | None) -> bool:
    """Whether a call of this method id is a management call: all of `ml` but predictions, looks at operations too."""
    return (method or "").startswith("ml.") and method not in ("ml.projects.predict", "ml.projects.explain")
