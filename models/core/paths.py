"""Where builds and cards are."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
"""The project that this package is a part of."""


def plain(text: str, root: Path) -> str:
    """A message without paths of this machine: they start at the project's folder, or at `~`, the user's home."""
    for place, short in ((str(root.absolute()), ""), (str(ROOT), ""), (os.environ.get("HOME", ""), f"~{os.sep}")):
        text = text.replace(f"{place.rstrip(os.sep)}{os.sep}", short) if place.strip(os.sep) else text
    return text


def build_folder(root: Path, recipe: str, input_digest: str) -> Path:
    """Where the SavedModel of a build is on this machine; git ignores it."""
    return root / "build" / recipe / input_digest


def card_path(root: Path, recipe: str, digest: str) -> Path:
    """Where a card is; it is committed.

    Args:
        root: the project's folder.
        recipe: the recipe, or the name that the artifact was imported under.
        digest: INPUT_DIGEST of the first card, INPUT_DIGEST-CONTENT_DIGEST of a second one, of a build on another
            processor; CONTENT_DIGEST of an imported artifact.
    """
    return root / "models" / "cards" / recipe / f"{digest}.json"


def facts_path(root: Path, recipe: str, input_digest: str) -> Path:
    """Where this machine keeps the manifest of its build if that differs from the first card; git ignores it."""
    return root / ".local" / "builds" / recipe / f"{input_digest}.json"
