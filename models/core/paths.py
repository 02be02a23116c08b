"""Paths of builds and cards."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
"""The project's folder."""


def plain(text: str, root: Path) -> str:
    """A message with shortened paths: relative to the project's folder, or to `~`, the user's home."""
    for place, short in ((str(root.absolute()), ""), (str(ROOT), ""), (os.environ.get("HOME", ""), f"~{os.sep}")):
        text = text.replace(f"{place.rstrip(os.sep)}{os.sep}", short) if place.strip(os.sep) else text
    return text


def build_folder(root: Path, recipe: str, input_digest: str) -> Path:
    """The local folder of a build's SavedModel; git ignores it."""
    return root / "build" / recipe / input_digest


def card_path(root: Path, recipe: str, digest: str) -> Path:
    """The path of a card, which is committed.

    Args:
        root: the project's folder.
        recipe: the recipe, or the name of an imported artifact.
        digest: INPUT_DIGEST for the first card; INPUT_DIGEST-CONTENT_DIGEST for a second one, of a build on another
            processor; CONTENT_DIGEST for an imported artifact.
    """
    return root / "models" / "cards" / recipe / f"{digest}.json"


def facts_path(root: Path, recipe: str, input_digest: str) -> Path:
    """Where this machine keeps the manifest of its build if it differs from the first card; git ignores it."""
    return root / ".local" / "builds" / recipe / f"{input_digest}.json"
