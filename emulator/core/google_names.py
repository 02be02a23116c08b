"""The two ways in which `ml` v1 writes a name: `minNodes` in JSON, `min_nodes` in messages and masks."""

from __future__ import annotations

import re


def snake(name: str) -> str:
    """`minNodes` as `min_nodes`."""
    return re.sub(r"[A-Z]", lambda capital: f"_{capital[0].lower()}", name)


def camel(name: str) -> str:
    """`min_nodes` as `minNodes`."""
    return re.sub(r"_([a-z0-9])", lambda letter: letter[1].upper(), name)
