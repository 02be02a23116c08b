"""The kinds of pictures that `prediction.output.plot` draws. Separate, because the command line imports it early."""

from __future__ import annotations

KINDS = ("probabilities", "mistakes", "confusion", "scores")
