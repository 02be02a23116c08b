"""How Google writes names: `minNodes` in JSON, `min_nodes` in messages and masks; and the numbers of projects."""

from __future__ import annotations

import hashlib
import re


def snake(name: str) -> str:
    """`minNodes` as `min_nodes`."""
    return re.sub(r"[A-Z]", lambda capital: f"_{capital[0].lower()}", name)


def camel(name: str) -> str:
    """`min_nodes` as `minNodes`."""
    return re.sub(r"_([a-z0-9])", lambda letter: letter[1].upper(), name)


def project_number(project: str) -> str:
    """The number of a project: 12 digits made from its id, or the id itself if it is a number."""
    if project.isascii() and project.isdigit():
        return project
    digest = hashlib.sha256(project.encode()).digest()
    return str(100_000_000_000 + int.from_bytes(digest[:8], "big") % 900_000_000_000)
