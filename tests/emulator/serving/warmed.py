"""Warm-up requests in copies of exports."""

from __future__ import annotations

import shutil
from pathlib import Path

from benchmarks.servers.warm_up_copy import prediction_log


def log(signature: str, *values: float) -> bytes:
    """A `PredictionLog` of a request with the vector `x`."""
    return prediction_log("x", values, [len(values)], signature)


def with_requests(model: Path, copy: Path, content: bytes) -> Path:
    """A copy of a model with this file of warm-up requests."""
    shutil.copytree(model, copy)
    (copy / "assets.extra").mkdir()
    (copy / "assets.extra" / "tf_serving_warmup_requests").write_bytes(content)
    return copy
