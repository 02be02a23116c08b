"""Predictions of what is deployed: `predict_json` from Python, `python -m prediction MODEL` from a shell."""

from prediction.client import predict_json

__all__ = ["predict_json"]
