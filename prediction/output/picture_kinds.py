"""What a picture of predictions shows: `prediction.output.plot` draws it. Light, since every command imports it."""

from __future__ import annotations

KINDS = ("probabilities", "mistakes", "confusion", "scores")
