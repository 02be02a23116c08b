"""Google's quotas of Vertex AI that concern deployments, per project and region.

Source: "Vertex AI quotas and limits": resource management requests, and the size of online predictions.
"""

from __future__ import annotations

CALLS_PER_MINUTE = 600
"""Management requests per minute. Those that begin an operation have a quota of their own, `OPERATIONS_PER_MINUTE`."""
OPERATIONS_PER_MINUTE = 60
OPERATIONS = 10
"""Operations under way at a time, where the user does not say: no quota of Google's, but room for others."""
PREDICT_BYTES = 1_500_000
"""Of a request to a shared endpoint."""
PREDICT_SECONDS = 60
"""How long a shared endpoint waits for a prediction."""
_PREDICTS = ("predict", "rawPredict", "explain", "streamRawPredict", "directPredict", "directRawPredict")


def is_management(method: str | None) -> bool:
    """Whether a call of this method id counts as a management request."""
    return bool(method) and str(method).rpartition(".")[2] not in _PREDICTS
