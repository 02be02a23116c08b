"""Predictions of deployed models: `Client` and `predict_json` in Python, `python -m prediction` in a shell."""

from prediction.client import Client
from prediction.online import predict_json
from prediction.traffic_split import version_for

__all__ = ["Client", "predict_json", "version_for"]
