"""From what a stack file says (`RECIPE`, `RECIPE@INPUT_DIGEST`, a folder) to the facts of the artifact."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from models.core import artifact as manifests
from models.core import restorable
from models.core.artifact import Artifact
from models.core.content import GRAPH, MANIFEST, crc32c, list_files, read_content, read_graph_file
from models.core.digest import DIGITS, input_digest
from models.core.errors import FolderError, ModelsError, UsageError
from models.core.places import build_folder, card_path, plain
from models.core.recipe import Values
from models.core.registry import complete, load_recipe, recipe_names
from models.core.signatures import read_graph


def resolve(
    artifact: str,
    parameters: Mapping[str, Any] | None = None,
    *,
    root: Path,
    allow_rebuild: bool = False,
    verify: bool = False,
) -> Artifact:
    """The facts of an artifact, without TensorFlow, training data or, where there is a card, the bytes.

    Args:
        artifact: `RECIPE` (as its code is today), `RECIPE@INPUT_DIGEST` (an older build, by its card), or the path of a
            SavedModel made elsewhere, absolute or relative to `root`; it starts with `.` or `/`, or contains `/`.
        parameters: of the recipe; those not given have their defaults. Only with `RECIPE`.
        root: the project's folder.
        allow_rebuild: whether a finished build on this machine counts more than the card. Default: the card counts.
        verify: whether the bytes of a build that counts are read, against its manifest's checksums: a gigabyte takes
            about 0.1 s. Default: their sizes are looked at.

    Raises:
        ModelsError: there is no such recipe, card or folder, a parameter is wrong, or a folder is half-written.
    """
    try:
        found = _resolved(artifact, parameters, root, allow_rebuild=allow_rebuild)
        if verify and allow_rebuild and found.recipe and found.folder and (found.folder / MANIFEST).is_file():
            _verify(found.folder, found.files)
    except ModelsError as error:
        raise type(error)(plain(str(error), root)) from None
    return found


def _resolved(artifact: str, parameters: Mapping[str, Any] | None, root: Path, *, allow_rebuild: bool) -> Artifact:
    if "://" in artifact:
        shapes = "a recipe, RECIPE@INPUT_DIGEST or a folder's path; a stack file takes gs://BUCKET/FOLDER/, too"
        raise UsageError(f"{artifact}: this names none of what can be deployed: {shapes}")
    if artifact.startswith((".", "/")) or "/" in artifact:
        if parameters:
            raise UsageError(f"parameters: {artifact} is a folder; only a recipe has parameters")
        return read_folder(root / artifact)
    name, at, digest = artifact.partition("@")
    if at:
        return _pinned(name, digest, parameters, root, allow_rebuild=allow_rebuild)
    recipe = load_recipe(name, root)
    values = complete(name, recipe, parameters or {})
    digest = input_digest(name, recipe, values, root)
    missing = (
        f"{name}: there is no card for its code, data and parameters as they are now (input digest {digest}); "
        f"make one with: {command(name, recipe.parameters, values)}"
    )
    return _known(name, digest, root, missing, allow_rebuild=allow_rebuild)


def command(name: str, declared: Mapping[str, Any], values: Values) -> str:
    """The command that builds a recipe with these parameters."""
    changed = [
        f" --set {shlex.quote(f'{key}={value}')}" for key, value in values.items() if value != declared[key].default
    ]
    return f"python -m models build {name}{''.join(changed)}"


def read_folder(folder: Path) -> Artifact:
    """The facts of a SavedModel folder, read from its bytes; what a manifest in it says beyond them is taken over.

    Raises:
        FolderError: the folder is missing, half-written or altered since its manifest was written.
    """
    content = read_content(folder)
    graph = read_graph(read_graph_file(folder), str(folder / GRAPH))
    restorable.check(folder / GRAPH)
    manifest = folder / MANIFEST
    if not manifest.is_file():
        return Artifact(
            None,
            {},
            None,
            content.digest,
            graph.tensorflow,
            graph.signatures,
            content.size,
            content.files,
            folder=folder,
        )
    known = manifests.read(manifest, folder)
    if known.content_digest != content.digest:
        raise FolderError(
            f"{folder}: its files have changed since {MANIFEST} was written: content digest {content.digest}, written "
            f"{known.content_digest}; build it again, or remove {MANIFEST} if the change is meant"
        )
    return replace(known, signatures=graph.signatures, size=content.size, files=content.files)


def read_build(root: Path, recipe: str, digest: str) -> Artifact | None:
    """The facts of a finished build on this machine by its manifest, or None. File sizes are checked, checksums not.

    Raises:
        FolderError: the build is no longer what its manifest says.
    """
    folder = build_folder(root, recipe, digest)
    if not (folder / MANIFEST).is_file():
        return None
    known = manifests.read(folder / MANIFEST, folder)
    if list_files(folder) != {name: file["size"] for name, file in known.files.items()}:
        raise _changed(folder)
    return known


def _verify(folder: Path, files: Mapping[str, Mapping[str, Any]]) -> None:
    """Raises `FolderError` unless every file of a build has its checksum."""
    if any(crc32c(folder / name) != facts["crc32c"] for name, facts in files.items()):
        raise _changed(folder)


def _changed(folder: Path) -> FolderError:
    return FolderError(f"{folder}: its files have changed since it was built; remove it and build again")


def _pinned(
    name: str, digest: str, parameters: Mapping[str, Any] | None, root: Path, *, allow_rebuild: bool
) -> Artifact:
    if parameters:
        raise UsageError(f"parameters: {name}@{digest} names a build, whose parameters are fixed; leave them out")
    folder = card_path(root, name, digest).parent
    cards = sorted(path.stem for path in folder.glob("*.json"))
    if not cards and name not in recipe_names(root):
        raise UsageError(f"there is no recipe {name!r}; there are: {', '.join(recipe_names(root)) or 'none'}")
    missing = f"{name}@{digest}: there is no such card in models/cards/{name}; there are: {', '.join(cards) or 'none'}"
    if len(digest) > DIGITS:  # nor a build; and no file may be called so
        raise ModelsError(missing)
    return _known(name, digest, root, missing, allow_rebuild=allow_rebuild)


def _known(name: str, digest: str, root: Path, missing: str, *, allow_rebuild: bool) -> Artifact:
    """The build where it counts, else the card, with the folder that its build has on any machine."""
    build = read_build(root, name, digest) if allow_rebuild else None
    if build:
        return build
    card = card_path(root, name, digest)
    if not card.is_file():
        raise ModelsError(missing)
    return manifests.read(card, build_folder(root, name, digest))
