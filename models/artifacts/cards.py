"""Finds the card of a recipe's build, by input digest or by content.

`models/cards/RECIPE/INPUT_DIGEST.json` is the first card of an input digest. Training gives different bytes on another
processor: such a build gets a second card, `INPUT_DIGEST-CONTENT_DIGEST.json`, and stack files name it
`RECIPE@INPUT_DIGEST-CONTENT_DIGEST`.
"""

from __future__ import annotations

from pathlib import Path

from artifact_format.manifest import Artifact
from models.artifacts import manifests
from models.core.paths import build_folder, card_path, facts_path

SEPARATOR = "-"
"""Separates input digest and content digest."""


def pin(recipe: str, input_digest: str, content_digest: str = "") -> str:
    """The name in stack files of the first card of an input digest, or of the card with this content."""
    return f"{recipe}@{stem(input_digest, content_digest)}"


def stem(input_digest: str, content_digest: str = "") -> str:
    """The file name of a card, without its suffix."""
    return f"{input_digest}{SEPARATOR}{content_digest}" if content_digest else input_digest


def split(digest: str) -> tuple[str, str]:
    """The input digest and the content digest of a pin; the latter is empty for the first card."""
    input_digest, _, content_digest = digest.partition(SEPARATOR)
    return input_digest, content_digest


def first(root: Path, recipe: str, input_digest: str) -> Artifact | None:
    """The first card of an input digest. Raises `ModelsError` if it cannot be read."""
    card = card_path(root, recipe, input_digest)
    return manifests.read(card, build_folder(root, recipe, input_digest)) if card.is_file() else None


def of_content(root: Path, recipe: str, input_digest: str, content_digest: str) -> Artifact | None:
    """The card of a build with this content, first or second. Raises `ModelsError` if one cannot be read."""
    second = card_path(root, recipe, stem(input_digest, content_digest))
    if second.is_file():
        return manifests.read(second, build_folder(root, recipe, input_digest))
    found = first(root, recipe, input_digest)
    return found if found and found.content_digest == content_digest else None


def kept_facts(root: Path, recipe: str, input_digest: str) -> Artifact | None:
    """The facts of this machine's last build, if they differ from the first card. Raises `ModelsError` if damaged."""
    path = facts_path(root, recipe, input_digest)
    return manifests.read(path, build_folder(root, recipe, input_digest)) if path.is_file() else None
