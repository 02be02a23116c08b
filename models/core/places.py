"""Where builds and cards are."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
"""The project that this package is a part of."""


def build_folder(root: Path, recipe: str, input_digest: str) -> Path:
    """Where the SavedModel of a build is on this machine; git ignores it."""
    return root / "build" / recipe / input_digest


def card_path(root: Path, recipe: str, input_digest: str) -> Path:
    """Where the card of a build is; it is committed."""
    return root / "models" / "cards" / recipe / f"{input_digest}.json"
