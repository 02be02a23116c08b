"""From what a stack file says (`RECIPE`, `RECIPE@DIGEST`, `NAME`, a folder) to the facts of the artifact."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from models.artifacts import artifact as manifests
from models.artifacts import cards, imported
from models.artifacts.artifact import Artifact
from models.artifacts.input_digest import DIGITS, input_digest
from models.artifacts.nearest_card import nearest
from models.core.errors import FolderError, ModelsError, UsageError
from models.core.paths import build_folder, plain
from models.core.recipe import Recipe, Values
from models.core.registry import complete, load_recipe, recipe_names
from models.saved_model import restorable
from models.saved_model.folder_content import GRAPH, MANIFEST, crc32c, list_files, read_content, read_graph_file
from models.saved_model.signatures import read_graph


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
        artifact: `RECIPE` (as its code is today), `RECIPE@INPUT_DIGEST` (an older build, by its card),
            `RECIPE@INPUT_DIGEST-CONTENT_DIGEST` (one with this content), `NAME` or `NAME@CONTENT_DIGEST` (imported
            under that name), or the path of a SavedModel made elsewhere, absolute or relative to `root`; it starts
            with `.` or `/`, or contains `/`.
        parameters: of the recipe; those not given have their defaults. Only with `RECIPE`.
        root: the project's folder.
        allow_rebuild: whether this machine's build takes precedence over the first card, or, without its bytes, the
            facts that were kept of it. Default: the card is used.
        verify: whether the bytes of a build that counts are read, against its manifest's checksums: a gigabyte takes
            about 0.1 s. Default: their sizes are looked at.

    Raises:
        ModelsError: there is no such recipe, card or folder, a parameter is wrong, or a folder is half-written.
    """
    try:
        return _resolved(artifact, parameters, root, _Builds(counted=allow_rebuild, verified=verify))
    except ModelsError as error:
        raise type(error)(plain(str(error), root)) from None


class _Builds(NamedTuple):
    """Whether builds on this machine count, and whether the bytes of one that counts are read."""

    counted: bool
    verified: bool


def _resolved(artifact: str, parameters: Mapping[str, Any] | None, root: Path, builds: _Builds) -> Artifact:
    if "://" in artifact:
        shapes = (
            "a recipe, RECIPE@INPUT_DIGEST, the name of an imported artifact or a folder's path; a stack file takes "
            "gs://BUCKET/FOLDER/, too"
        )
        raise UsageError(f"{artifact}: this names none of what can be deployed: {shapes}")
    if artifact.startswith((".", "/")) or "/" in artifact:
        if parameters:
            raise UsageError(f"parameters: {artifact} is a folder; only a recipe has parameters")
        return read_folder(root / artifact)
    name, at, digest = artifact.partition("@")
    if at:
        return _pinned(name, digest, parameters, root, builds)
    if name not in recipe_names(root):
        return _imported(name, parameters, root, builds)
    recipe = load_recipe(name, root)
    values = complete(name, recipe, parameters or {})
    digest = input_digest(name, recipe, values, root)
    found = _known(name, digest, root, builds)
    if found is None:
        raise ModelsError(_no_card(name, recipe, values, digest, root))
    return found


def _no_card(name: str, recipe: Recipe, values: Values, digest: str, root: Path) -> str:
    """The error: what changed since the nearest card, and the choice between that build and a new card."""
    text = f"{name}: no card matches the current code, data and parameters (input digest {digest})"
    build = f"to make a new card, run: {command(name, recipe.parameters, values)}"
    card = nearest(name, recipe, values, root)
    if card is None:
        return f"{text}; {build}"
    changed = f"Changed since the nearest card, {card.pin}: {card}"
    are_defaults = all(value == recipe.parameters[key].default for key, value in values.items())
    keep = f"artifact: {card.pin}{'' if are_defaults else ', without parameters'}"
    return f"{text}. {changed}. To keep that build, use {keep}; {build}"


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
    graph_file, where = read_graph_file(folder), str(folder / GRAPH)
    graph = read_graph(graph_file, where)
    restorable.check(graph_file, where)
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
            left_out=content.left_out,
        )
    known = manifests.read(manifest, folder)
    if known.content_digest != content.digest:
        raise FolderError(
            f"{folder}: its files have changed since {MANIFEST} was written: content digest {content.digest}, written "
            f"{known.content_digest}; build it again, or remove {MANIFEST} if the change is meant"
        )
    samples = manifests.named(known.samples, graph.signatures)
    facts = replace(known, signatures=graph.signatures, size=content.size, files=content.files, samples=samples)
    return replace(facts, left_out=content.left_out)


def read_build(root: Path, recipe: str, digest: str) -> Artifact | None:
    """The facts of a finished build on this machine by its manifest, or None. File sizes are checked, checksums not.

    Raises:
        FolderError: the build is no longer what its manifest says, or is of another input digest.
    """
    folder = build_folder(root, recipe, digest)
    if not (folder / MANIFEST).is_file():
        return None
    known = manifests.read(folder / MANIFEST, folder)
    check_inputs(known, folder)
    if list_files(folder).sizes != {name: file["size"] for name, file in known.files.items()}:
        raise _changed(folder, known.content_digest)
    return known


def check_inputs(build: Artifact, folder: Path) -> None:
    """Raises `FolderError` if a recipe's build is in the folder of another input digest, copied there."""
    if build.recipe and build.input_digest != folder.name:
        place = folder.with_name(str(build.input_digest))
        raise FolderError(f"{folder}: it holds the build of another input digest: move it to {place}")


def _verify(folder: Path, build: Artifact) -> None:
    """Raises `FolderError` unless every file of a build has its checksum."""
    if any(crc32c(folder / name) != facts["crc32c"] for name, facts in build.files.items()):
        raise _changed(folder, build.content_digest)


def _changed(folder: Path, content: str) -> FolderError:
    """The error for a damaged build or import (an import's folder is its content digest)."""
    done, again = ("imported", "import it") if folder.name == content else ("built", "build")
    return FolderError(f"{folder}: its files have changed since it was {done}; remove it and {again} again")


def _pinned(name: str, digest: str, parameters: Mapping[str, Any] | None, root: Path, builds: _Builds) -> Artifact:
    if digest in (*imported.carded(root, name), *imported.kept(root, name)):
        return _imported(name, parameters, root, builds, digest)
    if parameters:
        raise UsageError(f"parameters: {name}@{digest} names a build, whose parameters are fixed; leave them out")
    if not imported.cards_of(root, name) and name not in recipe_names(root):
        raise _unknown(name, root)
    input_digest, content = cards.split(digest)
    found = None
    if len(input_digest) <= DIGITS and len(content) <= DIGITS:  # no file may be called otherwise
        found = _exact(name, input_digest, content, root, builds) if content else _known(name, digest, root, builds)
    if found is None:
        names = ", ".join(card.stem for card in imported.cards_of(root, name)) or "none"
        raise ModelsError(f"{name}@{digest}: there is no such card in models/cards/{name}; there are: {names}")
    return found


def _exact(name: str, digest: str, content: str, root: Path, builds: _Builds) -> Artifact | None:
    """The build with this input digest and content: from its card or, with `allow_rebuild`, from this machine."""
    card = cards.of_content(root, name, digest, content)
    if card or not builds.counted:
        return card
    here = _here(name, digest, root, builds)
    return here if here and here.content_digest == content else None


def _imported(
    name: str, parameters: Mapping[str, Any] | None, root: Path, builds: _Builds, digest: str = ""
) -> Artifact:
    """What was imported under a name: the artifact with this digest, or the only one that there is.

    The card wins over local bytes; both have the same content. Without a card the bytes count, where builds do.
    """
    carded, here = imported.carded(root, name), imported.kept(root, name)
    if not carded and not here:
        for card in imported.cards_of(root, name):
            manifests.read(card)  # reports a damaged one
        raise _unknown(name, root)
    if parameters:
        raise UsageError(f"parameters: {name} is imported; only a recipe has parameters")
    digests = carded or here
    digest = digest or imported.only_digest(name, digests)
    facts = _known(name, digest, root, builds._replace(counted=builds.counted and digest not in carded))
    if facts is None:
        raise ModelsError(
            f"{name}@{digest}: its card, models/cards/{name}/{digest}.json, is missing; take it from git, or import "
            f"the SavedModel again: python -m models import build/{name}/{digest} --name {name}"
        )
    return replace(facts, name=name)


def _unknown(name: str, root: Path) -> UsageError:
    names = imported.imported_names(root)
    also = f"; imported: {', '.join(names)}" if names else ""
    return UsageError(f"there is no recipe {name!r}; there are: {', '.join(recipe_names(root)) or 'none'}{also}")


def _known(name: str, digest: str, root: Path, builds: _Builds) -> Artifact | None:
    """This machine's build with `allow_rebuild`, else the first card; with the folder that builds have everywhere."""
    here = _here(name, digest, root, builds) if builds.counted else None
    return here or cards.first(root, name, digest)


def _here(name: str, digest: str, root: Path, builds: _Builds) -> Artifact | None:
    """The facts of this machine's build: from its manifest or, without its bytes, from the kept facts."""
    build = read_build(root, name, digest)
    if build and builds.verified:
        _verify(build_folder(root, name, digest), build)
    return build or cards.kept_facts(root, name, digest)
