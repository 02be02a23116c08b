"""Writes cards and manifests atomically: to a hidden file beside the final one, which is renamed at the end."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from artifact_format.manifest import Artifact
from models.artifacts import manifests
from models.builder.progress import Display
from models.saved_model.folder_content import GRAPH


def partial_of(path: Path) -> Path:
    """The hidden path of an incomplete file or folder; it is renamed when it is complete."""
    return path.with_name(f".{path.name}.partial")


def write_card(facts: Artifact, path: Path) -> bool:
    """Writes the card unless it exists; returns whether it was written. An existing fact is never rewritten."""
    if path.is_file():
        return False
    _write(path, manifests.card_text(facts))
    return True


def complete_card(facts: Artifact, path: Path) -> bool:
    """Adds the operations to a card of an earlier release, which lacks them; returns whether it did.

    Args:
        facts: of an artifact whose bytes are on this machine. Nothing is added to the card of another graph; a build
            on another processor may have the same graph, and other variables.
        path: of the card, which may not exist.

    Raises:
        ModelsError: the card cannot be read.
    """
    card = manifests.read(path) if path.is_file() else None
    if card is None or card.operations or card.files.get(GRAPH) != facts.files.get(GRAPH) or not facts.operations:
        return False
    try:
        _write(path, manifests.card_text(replace(card, operations=facts.operations)))
    except OSError:
        return False  # a checkout that cannot be written still builds
    return True


def write_facts(facts: Artifact, path: Path) -> None:
    """Writes the manifest of a build, with all of its samples, or replaces an older one."""
    text = manifests.manifest_text(facts)
    if not path.is_file() or path.read_text(encoding="utf-8", errors="replace") != text:
        _write(path, text)


def _write(path: Path, text: str) -> None:
    partial = partial_of(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(text, encoding="utf-8")
        partial.rename(path)
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def lock(folder: Path, display: Display, what: str) -> Iterator[None]:
    """Lets one process at a time write this folder. If the process dies, the system releases the lock.

    Args:
        folder: the folder, whose parent exists.
        display: shows if it waits for the lock.
        what: what it waits for, for the message.
    """
    with folder.with_name(f".{folder.name}.lock").open("w", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            display.line(f"{folder.parent.name}: waiting for {what}")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
