"""Finds imported artifacts: their cards and bytes, by name and content digest."""

from __future__ import annotations

from pathlib import Path

from artifact_format.manifest import MANIFEST, Artifact, facts_in
from models.artifacts import manifests
from models.artifacts.manifests import CARD_SAMPLES
from models.core.errors import UsageError
from models.core.paths import build_folder, card_path
from models.core.registry import is_name

_ANY = "x"


def imported_names(root: Path) -> list[str]:
    """The names of imported artifacts, sorted."""
    cards = card_path(root, _ANY, _ANY).parent.parent
    return sorted(folder.name for folder in cards.glob("*/") if carded(root, folder.name))


def carded(root: Path, name: str) -> list[str]:
    """The content digests of the cards of artifacts imported under this name, sorted. Empty for a recipe."""
    return [card.stem for card in cards_of(root, name) if content_of(card) == card.stem]


def cards_of(root: Path, name: str) -> list[Path]:
    """The cards of a recipe or imported artifact, sorted. Empty if the name is not valid."""
    return sorted(card_path(root, name, _ANY).parent.glob("*.json")) if is_name(name) else []


def kept(root: Path, name: str) -> list[str]:
    """The content digests of artifacts imported under this name with bytes on this machine, sorted."""
    manifests = build_folder(root, name, _ANY).parent.glob(f"[!.]*/{MANIFEST}") if is_name(name) else ()
    return sorted(manifest.parent.name for manifest in manifests if content_of(manifest) == manifest.parent.name)


def with_other_samples(root: Path, artifact: Artifact, name: str) -> list[str]:
    """The other names, sorted, under which the same content was imported with different samples.

    If the bytes are not on this machine, only the first samples are compared: the card has no others.

    Raises:
        ModelsError: a card or a manifest cannot be read.
    """
    digest, found = artifact.content_digest, []
    for other in imported_names(root):
        here = digest in kept(root, other)
        if other == name or not (here or digest in carded(root, other)):
            continue
        path = build_folder(root, other, digest) / MANIFEST if here else card_path(root, other, digest)
        known, count = list(manifests.read(path).samples), None if here else CARD_SAMPLES
        found += [other] if known != list(artifact.samples[:count]) else []
    return found


def only_digest(name: str, digests: list[str]) -> str:
    """The only digest under a name. If there are several, raises `UsageError`, which lists them."""
    if len(digests) > 1:
        listed = ", ".join(f"{name}@{digest}" for digest in digests)
        raise UsageError(f"{name}: {len(digests)} artifacts are imported under this name; name one of them: {listed}")
    return digests[0]


def content_of(file: Path) -> str | None:
    """The content digest in a card or manifest; None if the file cannot be read, which is reported elsewhere."""
    found = facts_in(file).get("contentDigest")
    return found if isinstance(found, str) else None
