"""Finds the facts of the artifact that a stack file names: `RECIPE`, `RECIPE@DIGEST`, `NAME` or a folder."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from artifact_format.manifest import MANIFEST, Artifact
from artifact_format.signatures import named
from models.artifacts import cards, imported, manifests
from models.artifacts.input_digest import DIGITS, input_digest
from models.artifacts.nearest_card import nearest
from models.core.errors import FolderError, ModelsError, UsageError
from models.core.paths import build_folder, plain
from models.core.recipe import Recipe, Values
from models.core.registry import complete, load_recipe, recipe_names
from models.saved_model import restorable
from models.saved_model.folder_content import GRAPH, crc32c, list_files, read_content, read_graph_file
from models.saved_model.operations import GraphOperations
from models.saved_model.signatures import read_graph


def resolve(
    artifact: str,
    parameters: Mapping[str, Any] | None = None,
    *,
    root: Path,
    allow_rebuild: bool = False,
    verify: bool = False,
) -> Artifact:
    """The facts of an artifact. Needs neither TensorFlow nor training data nor, if there is a card, the bytes.

    Args:
        artifact: `RECIPE` (with its current code), `RECIPE@INPUT_DIGEST` (an older build, by its card),
            `RECIPE@INPUT_DIGEST-CONTENT_DIGEST` (the build with this content), `NAME` or `NAME@CONTENT_DIGEST` (an
            imported artifact), or the path of a SavedModel, absolute or relative to `root`; a path starts with `.` or
            `/`, or contains `/`.
        parameters: of the recipe; the others have their defaults. Only with `RECIPE`.
        root: the project's folder.
        allow_rebuild: use this machine's build instead of the first card or, if its bytes are gone, the facts that were
            kept of it. Default: the card is used.
        verify: compare the bytes of such a build with the checksums in its manifest, which takes about 0.1 s per
            gigabyte. Default: only sizes are compared.

    Raises:
        ModelsError: the recipe, card or folder does not exist, a parameter is wrong, or a folder is incomplete.
    """
    try:
        return _resolved(artifact, parameters, root, _Builds(counted=allow_rebuild, verified=verify))
    except ModelsError as error:
        raise type(error)(plain(str(error), root)) from None


class _Builds(NamedTuple):
    """Whether builds on this machine are used (`counted`), and whether their bytes are verified (`verified`)."""

    counted: bool
    verified: bool


def _resolved(artifact: str, parameters: Mapping[str, Any] | None, root: Path, builds: _Builds) -> Artifact:
    if "://" in artifact:
        shapes = (
            "a recipe, RECIPE@INPUT_DIGEST, the name of an imported artifact or a folder's path; in a stack file also "
            "gs://BUCKET/FOLDER/"
        )
        raise UsageError(f"{artifact}: must be {shapes}")
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
    """The error of a missing card, with what changed since the nearest one, and how to keep that or make a new one."""
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
    """The facts of a SavedModel folder, read from its bytes, with the further facts of its manifest if it has one.

    Raises:
        FolderError: the folder is missing, incomplete, or changed since its manifest was written.
    """
    content = read_content(folder)
    graph_file, where = read_graph_file(folder), str(folder / GRAPH)
    graph = read_graph(graph_file, where)
    restorable.check(graph_file, where)
    operations = GraphOperations(lambda: graph_file)
    manifest = folder / MANIFEST
    if not manifest.is_file():
        return Artifact(
            content_digest=content.digest,
            tensorflow=graph.tensorflow,
            signatures=graph.signatures,
            size=content.size,
            files=content.files,
            operations=operations,
            folder=folder,
            left_out=content.left_out,
        )
    known = manifests.read(manifest, folder)
    if known.content_digest != content.digest:
        raise FolderError(
            f"{folder}: its files have changed since {MANIFEST} was written: expected content {known.content_digest}, "
            f"found {content.digest}; build it again, or remove {MANIFEST} if the change is intended"
        )
    samples = named(known.samples, graph.signatures)
    facts = replace(known, signatures=graph.signatures, size=content.size, files=content.files, samples=samples)
    return replace(facts, operations=operations, left_out=content.left_out)


def read_build(root: Path, recipe: str, digest: str) -> Artifact | None:
    """The facts of a build on this machine, from its manifest; None if there is none. Checks file sizes, not checksums.

    Raises:
        FolderError: the files do not match the manifest, or the build has another input digest.
    """
    folder = build_folder(root, recipe, digest)
    if not (folder / MANIFEST).is_file():
        return None
    known = manifests.read(folder / MANIFEST, folder)
    check_inputs(known, folder)
    if list_files(folder).sizes != {name: file["size"] for name, file in known.files.items()}:
        raise _changed(folder, known.content_digest)
    if known.operations:
        return known
    return replace(known, operations=GraphOperations(lambda: read_graph_file(folder)))  # an earlier release built it


def check_inputs(build: Artifact, folder: Path) -> None:
    """Raises `FolderError` if a recipe's build was copied to the folder of another input digest."""
    if build.recipe and build.input_digest != folder.name:
        place = folder.with_name(str(build.input_digest))
        raise FolderError(f"{folder}: contains the build of another input digest: move it to {place}")


def _verify(folder: Path, build: Artifact) -> None:
    """Raises `FolderError` if a file of a build does not match its checksum."""
    if any(crc32c(folder / name) != facts["crc32c"] for name, facts in build.files.items()):
        raise _changed(folder, build.content_digest)


def _changed(folder: Path, content: str) -> FolderError:
    """The error of a damaged build or import (the folder of an import is named after its content digest)."""
    done, again = ("imported", "import it") if folder.name == content else ("built", "build")
    return FolderError(f"{folder}: its files have changed since it was {done}; remove it and {again} again")


def _pinned(name: str, digest: str, parameters: Mapping[str, Any] | None, root: Path, builds: _Builds) -> Artifact:
    if digest in (*imported.carded(root, name), *imported.kept(root, name)):
        return _imported(name, parameters, root, builds, digest)
    if parameters:
        raise UsageError(f"parameters: {name}@{digest} is a build with fixed parameters; leave them out")
    if not imported.cards_of(root, name) and name not in recipe_names(root):
        raise _unknown(name, root)
    input_digest, content = cards.split(digest)
    found = None
    if (
        len(input_digest) <= DIGITS and len(content) <= DIGITS
    ):  # longer names are not valid, and may be too long for a file
        found = _exact(name, input_digest, content, root, builds) if content else _known(name, digest, root, builds)
    if found is None:
        names = ", ".join(card.stem for card in imported.cards_of(root, name)) or "none"
        raise ModelsError(f"{name}@{digest}: card not found in models/cards/{name}; the cards are: {names}")
    return found


def _exact(name: str, digest: str, content: str, root: Path, builds: _Builds) -> Artifact | None:
    """The build with this input digest and content, from its card or, with `allow_rebuild`, from this machine."""
    card = cards.of_content(root, name, digest, content)
    if card or not builds.counted:
        return card
    here = _here(name, digest, root, builds)
    return here if here and here.content_digest == content else None


def _imported(
    name: str, parameters: Mapping[str, Any] | None, root: Path, builds: _Builds, digest: str = ""
) -> Artifact:
    """The artifact imported under a name, with this digest or, without one, the only artifact.

    The card is used before local bytes; both have the same content. Without a card, `allow_rebuild` uses the bytes.
    """
    carded, here = imported.carded(root, name), imported.kept(root, name)
    if not carded and not here:
        for card in imported.cards_of(root, name):
            manifests.read(card)  # raises if the card is damaged
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
    imports = f"; imported: {', '.join(names)}" if names else ""
    recipes = ", ".join(recipe_names(root)) or "none"
    return UsageError(f"unknown recipe {name!r}; the recipes are: {recipes}{imports}")


def _known(name: str, digest: str, root: Path, builds: _Builds) -> Artifact | None:
    """This machine's build with `allow_rebuild`, else the first card; None if there is neither."""
    here = _here(name, digest, root, builds) if builds.counted else None
    return here or cards.first(root, name, digest)


def _here(name: str, digest: str, root: Path, builds: _Builds) -> Artifact | None:
    """The facts of this machine's build, from its manifest or, if its bytes are gone, from the kept facts."""
    build = read_build(root, name, digest)
    if build and builds.verified:
        _verify(build_folder(root, name, digest), build)
    return build or cards.kept_facts(root, name, digest)
