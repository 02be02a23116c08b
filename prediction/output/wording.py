"""Words of messages."""

from __future__ import annotations


def counted(number: int, noun: str) -> str:
    """A number with its noun: "1 instance", "2 instances"."""
    return f"{number} {noun}{'' if number == 1 else 's'}"
