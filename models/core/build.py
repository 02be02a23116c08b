"""Builds: trains a recipe once per input digest, in a process of its own, and writes SavedModel, manifest and card.

A build is written to a hidden folder beside its place and renamed when it is whole, so that a killed one leaves nothing
that looks whole. A file lock lets one build of an input digest run at a time.
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from models.core import artifact as manifests
from models.core.artifact import Artifact
from models.core.content import MANIFEST
from models.core.digest import input_digest, pinned
from models.core.errors import BuildError, FolderError
from models.core.places import build_folder, card_path
from models.core.process import run_worker
from models.core.progress import Display
from models.core.recipe import Values
from models.core.registry import load_recipe
from models.core.resolve import read_folder
from models.core.writing import lock, partial_of, write_card


class Built(NamedTuple):
    """What `build` did.

    Attributes:
        artifact: the facts of the build on this machine.
        trained: whether it was trained now; False where it was there already.
        card_written: whether the card was written now.
        card: the facts of the card.
    """

    artifact: Artifact
    trained: bool
    card_written: bool
    card: Artifact


def build(name: str, parameters: Values, root: Path, display: Display) -> Built:
    """Makes sure that the build of a recipe with these parameters, all of them, and its card are there.

    Raises:
        ModelsError: the data, the recipe or the disk do not allow it; nothing half-written is left.
    """
    digest = input_digest(name, load_recipe(name, root), parameters, root)
    folder = build_folder(root, name, digest)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with lock(folder, display, f"another build of {folder.name}"):
            facts = _whole(folder)
            trained = facts is None
            if facts is None:
                _prepare(card_path(root, name, digest))
                facts = _make(Artifact(name, parameters, digest, "", "", {}, 0, {}), folder, root, display)
            written = write_card(facts, card_path(root, name, digest))
    except OSError as error:
        where = error.filename or folder
        raise BuildError(
            f"{name}: {where} cannot be written: {error.strerror or error}; free space there, or make it writable, "
            "then run it again"
        ) from error
    return Built(facts, trained, written, manifests.read(card_path(root, name, digest)))


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
        text = json.dumps(manifests.to_json(facts), sort_keys=True) + "\n"
        (partial / MANIFEST).write_text(text, encoding="utf-8")
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
