"""Builds: trains a recipe once per input digest, in a separate process, and writes SavedModel, manifest and card.

A build is written to a hidden folder and renamed when it is complete, so that a killed build never looks complete. A
file lock lets only one build of an input digest run at a time.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from artifact_format.manifest import MANIFEST, Artifact
from artifact_format.signatures import named
from models.artifacts import cards, manifests
from models.artifacts.input_digest import pinned, read_inputs
from models.artifacts.resolve import check_inputs, read_folder
from models.artifacts.whole_files import complete_card, lock, partial_of, write_card, write_facts
from models.builder.progress import Display
from models.builder.worker_client import run_worker
from models.commands.stack_file import Order
from models.core.errors import BuildError, FolderError
from models.core.paths import build_folder, card_path, facts_path
from models.core.registry import load_recipe


class Built(NamedTuple):
    """The result of `build`.

    Attributes:
        artifact: the facts of the build on this machine.
        trained: whether it was trained now; False if it existed.
        card_written: whether the first card was written now.
        card: the facts of the first card; its bytes differ if it was built on another processor.
        second_card: path of this build's own card, if it is not the first one.
        second_card_written: whether the second card was written now.
        completed_cards: paths of existing cards to which the operations were added now.
    """

    artifact: Artifact
    trained: bool
    card_written: bool
    card: Artifact
    second_card: Path | None = None
    second_card_written: bool = False
    completed_cards: Sequence[Path] = ()


def build(order: Order, root: Path, display: Display, *, recard: bool = False) -> Built:
    """Makes a build and its card, unless they exist.

    Args:
        order: what to build.
        root: the project's folder.
        display: shows the progress.
        recard: whether a build that differs from its first card gets a second one.

    Raises:
        ModelsError: the data, the recipe or the disk does not allow it. No incomplete files are left.
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
            f"{order.recipe}: {where} cannot be written: {error.strerror or error}; free space, or make it "
            "writable, then rerun the command"
        ) from error


def _requested(order: Order, root: Path) -> Artifact:
    """The facts of a build that are known before it is made."""
    inputs = read_inputs(order.recipe, load_recipe(order.recipe, root), order.parameters, root)
    return Artifact(
        recipe=order.recipe,
        parameters=order.parameters,
        input_digest=order.digest,
        build_inputs=inputs._asdict(),
    )


def _carded(built: Built, root: Path, *, recard: bool) -> Built:
    """Writes or completes the card of a build, or writes its facts if they differ from an existing card."""
    facts = built.artifact
    recipe, digest = str(facts.recipe), str(facts.input_digest)
    first, second = (card_path(root, recipe, cards.stem(digest, content)) for content in ("", facts.content_digest))
    written = write_card(facts, first)
    completed = [path for path in (first, second) if complete_card(facts, path)]
    card = manifests.read(first)
    built = built._replace(card_written=written, card=card, completed_cards=completed)
    kept = facts_path(root, recipe, digest)
    if card.content_digest == facts.content_digest:
        kept.unlink(missing_ok=True)
        return built
    write_facts(facts, kept)
    written = recard and write_card(facts, second)
    return built._replace(second_card=second if second.is_file() else None, second_card_written=written)


def _whole(folder: Path) -> Artifact | None:
    """The existing build, with verified bytes; None if it is damaged."""
    if not (folder / MANIFEST).is_file():
        return None
    try:
        return read_folder(folder)
    except FolderError:
        return None


def _make(request: Artifact, folder: Path, root: Path, display: Display) -> Artifact:
    """Trains and exports, then moves the complete folder to its final path."""
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
        # The exporter writes the bare value of a single output. Its code must not change: input digests cover it.
        facts = replace(facts, samples=named(facts.samples, facts.signatures))
        (partial / MANIFEST).write_text(manifests.manifest_text(facts), encoding="utf-8")
        partial.rename(folder)
        return facts
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _measured(request: Artifact, folder: Path) -> Artifact:
    """The request with the facts that are read from the bytes."""
    read = read_folder(folder)
    return replace(
        request,
        content_digest=read.content_digest,
        tensorflow=read.tensorflow,
        signatures=read.signatures,
        size=read.size,
        files=read.files,
        operations=read.operations,
    )


def _prepare(card: Path) -> None:
    """Checks before a long training that its card can be written. Raises `BuildError`."""
    place = next(folder for folder in card.parents if folder.is_dir())
    if not card.is_file() and not os.access(place, os.W_OK):
        raise BuildError(f"{place}: cannot write the card; make the folder writable, then rerun the command")
