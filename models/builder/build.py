"""Builds: trains a recipe once per input digest, in a process of its own, and writes SavedModel, manifest and card.

A build is written to a hidden folder beside its place and renamed when it is whole, so that a killed one leaves nothing
that looks whole. A file lock lets one build of an input digest run at a time.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from models.artifacts import artifact as manifests
from models.artifacts import cards
from models.artifacts.artifact import Artifact
from models.artifacts.input_digest import pinned, read_inputs
from models.artifacts.resolve import check_inputs, read_folder
from models.artifacts.whole_files import lock, partial_of, write_card, write_facts
from models.builder.progress import Display
from models.builder.worker_client import run_worker
from models.commands.stack_file import Order
from models.core.errors import BuildError, FolderError
from models.core.paths import build_folder, card_path, facts_path
from models.core.registry import load_recipe
from models.saved_model.folder_content import MANIFEST


class Built(NamedTuple):
    """What `build` did.

    Attributes:
        artifact: the facts of the build on this machine.
        trained: whether it was trained now; False where it was there already.
        card_written: whether the first card was written now.
        card: the facts of the first card; its bytes differ if it was built on another processor.
        second_card: the path of this build's own card, if it is not the first one.
        second_card_written: whether that was written now.
    """

    artifact: Artifact
    trained: bool
    card_written: bool
    card: Artifact
    second_card: Path | None = None
    second_card_written: bool = False


def build(order: Order, root: Path, display: Display, *, recard: bool = False) -> Built:
    """Makes the ordered build and its card, unless they exist.

    Args:
        order: what to build.
        root: the project's folder.
        display: where its progress goes.
        recard: whether a build that differs from its first card gets a second one.

    Raises:
        ModelsError: the data, the recipe or the disk do not allow it; nothing half-written is left.
    """
    folder = build_folder(root, order.recipe, order.digest)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with lock(folder, display, f"another build of {folder.name}"):
            facts = _whole(folder)
            trained = facts is None
            if facts:
                check_inputs(facts, folder)
            else:
                if not order.is_current:
                    raise FolderError(f"{folder}: it has changed since it was built, and so has its recipe; remove it")
                _prepare(card_path(root, order.recipe, order.digest))
                facts = _make(_requested(order, root), folder, root, display)
            return _carded(Built(facts, trained, card_written=False, card=facts), root, recard=recard)
    except OSError as error:
        where = error.filename or folder
        raise BuildError(
            f"{order.recipe}: {where} cannot be written: {error.strerror or error}; free space there, or make it "
            "writable, then run it again"
        ) from error


def _requested(order: Order, root: Path) -> Artifact:
    """What is known of a build before it is made."""
    inputs = read_inputs(order.recipe, load_recipe(order.recipe, root), order.parameters, root)
    return Artifact(order.recipe, order.parameters, order.digest, "", "", {}, 0, {}, inputs=inputs._asdict())


def _carded(built: Built, root: Path, *, recard: bool) -> Built:
    """Writes what is kept of a build outside `build/`: its card, or its facts if they differ from the card."""
    facts = built.artifact
    recipe, digest = str(facts.recipe), str(facts.input_digest)
    written = write_card(facts, card_path(root, recipe, digest))
    card = manifests.read(card_path(root, recipe, digest))
    built = built._replace(card_written=written, card=card)
    kept = facts_path(root, recipe, digest)
    if card.content_digest == facts.content_digest:
        kept.unlink(missing_ok=True)
        return built
    write_facts(facts, kept)
    second = card_path(root, recipe, cards.stem(digest, facts.content_digest))
    written = recard and write_card(facts, second)
    return built._replace(second_card=second if second.is_file() else None, second_card_written=written)


def _whole(folder: Path) -> Artifact | None:
    """The build that is there, its bytes verified. A damaged one counts as none."""
    if not (folder / MANIFEST).is_file():
        return None
    try:
        return read_folder(folder)
    except FolderError:
        return None


def _make(request: Artifact, folder: Path, root: Path, display: Display) -> Artifact:
    """Trains, exports, and puts the whole folder in its place."""
    partial = partial_of(folder)
    for stale in (partial, folder):
        if stale.exists():
            shutil.rmtree(stale)
    settings = ", ".join(f"{key}={value}" for key, value in request.parameters.items())
    display.line(f"{request.recipe}: building {request.input_digest} ({settings})")
    job = {
        "recipe": request.recipe,
        "parameters": dict(request.parameters),
        "folder": str(partial),
        "pinned": pinned(root),
    }
    try:
        result = run_worker(job, folder.with_name(f"{folder.name}.log"), root, display)
        facts = replace(_measured(request, partial), folder=folder, **result)
        # The exporter gives the bare value of a single output; its text counts in every input digest, so it stays.
        facts = replace(facts, samples=manifests.named(facts.samples, facts.signatures))
        (partial / MANIFEST).write_text(manifests.manifest_text(facts), encoding="utf-8")
        partial.rename(folder)
        return facts
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _measured(request: Artifact, folder: Path) -> Artifact:
    """The request with the facts that the bytes tell."""
    read = read_folder(folder)
    return replace(
        request,
        content_digest=read.content_digest,
        tensorflow=read.tensorflow,
        signatures=read.signatures,
        size=read.size,
        files=read.files,
    )


def _prepare(card: Path) -> None:
    """Finds out before a long training whether its card can be written. Raises `BuildError`."""
    place = next(folder for folder in card.parents if folder.is_dir())
    if not card.is_file() and not os.access(place, os.W_OK):
        raise BuildError(f"{place}: no card can be written there; make it writable, then run it again")
