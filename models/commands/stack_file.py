"""Finds the builds that the versions of a stack file use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from artifact_format.manifest import MANIFEST
from models.artifacts import cards, manifests
from models.artifacts.imported import carded, kept
from models.artifacts.input_digest import input_digest
from models.core.errors import ModelsError
from models.core.paths import build_folder, card_path
from models.core.recipe import Recipe, Values
from models.core.registry import complete, load_recipe, recipe_names

KEY = "tf2-models:models"


class Order(NamedTuple):
    """A build to make.

    Attributes:
        recipe: its name.
        parameters: all of the recipe's parameters.
        digest: its input digest.
        is_current: whether today's code and data have this digest. Otherwise only an existing build can be used.
    """

    recipe: str
    parameters: Values
    digest: str
    is_current: bool = True


def order_of(recipe: str, given: Values, root: Path) -> Order:
    """The build of a recipe with its current code and these parameters; the others have their defaults.

    Raises:
        ModelsError: the recipe does not exist, or a parameter is wrong.
    """
    loaded = load_recipe(recipe, root)
    values = complete(recipe, loaded, given)
    return Order(recipe, values, input_digest(recipe, loaded, values, root))


def stack_orders(stack: str, root: Path) -> tuple[list[Order], list[str]]:
    """The builds that a stack's versions use, each once, and a note for each version that cannot be built.

    Raises:
        ModelsError: the stack file does not exist, or names an unknown recipe or parameter.
    """
    path = root / f"Pulumi.{stack}.yaml"
    orders: list[Order] = []
    notes: list[str] = []
    for where, version in _versions(_load(path), path):
        try:
            found = order_of_artifact(version["artifact"], version.get("parameters"), root)
        except ModelsError as error:
            raise ModelsError(f"{path.name}: {where}: {error}") from error
        if isinstance(found, str):
            notes.append(f"{where}: {found}")
        elif found not in orders:
            orders.append(found)
    return orders, notes


def stack_artifacts(stack: str, root: Path) -> list[tuple[str, str, Any]]:
    """For each version of a stack: its path in the file, its `artifact`, and its `parameters` or None.

    Raises:
        ModelsError: the stack file does not exist, or a version has no artifact.
    """
    path = root / f"Pulumi.{stack}.yaml"
    versions = _versions(_load(path), path)
    return [(where, version["artifact"], version.get("parameters")) for where, version in versions]


def stack_config(stack: str, root: Path) -> dict[str, Any]:
    """The configuration in a stack file, unchanged. Raises `ModelsError` if the file does not exist."""
    return _load(root / f"Pulumi.{stack}.yaml")


def _load(path: Path) -> dict[str, Any]:
    from resources.config import stack_file  # Pulumi's rules, which are not PyYAML's

    try:
        found = stack_file.read(path)
    except FileNotFoundError:
        raise ModelsError(f"{path}: stack file not found") from None
    except stack_file.UnreadableStackFile as error:
        raise ModelsError(f"{path}: not valid YAML: {error}") from error
    for each in found.unquoted:
        if each.is_altered and each.path[0] == KEY and (each.is_key or each.is_date):
            raise ModelsError(f"{path}: {'.'.join([*each.path[1:-1], each.text])}: {each.reason}")
    return found.config


def _versions(config: Mapping[str, Any], path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    models = config.get(KEY)
    if not isinstance(models, dict):
        raise ModelsError(f"{path}: config.{KEY} is missing")
    for model, entry in models.items():
        settings = entry if isinstance(entry, dict) else {}
        versions = settings.get("versions")
        if "version" not in settings and not isinstance(versions, dict):
            raise ModelsError(f"{path}: {model}.versions must map names to versions")
        named = {f"versions.{name}": version for name, version in (versions or {}).items()}
        for name, version in (named or {"version": settings.get("version")}).items():
            if not isinstance(version, dict) or not isinstance(version.get("artifact"), str):
                raise ModelsError(f"{path}: {model}.{name}.artifact is required, and must be text (in quotes)")
            yield f"{model}.{name}", version


def order_of_artifact(artifact: str, parameters: Any, root: Path) -> Order | str:
    """The build that an artifact of a stack file needs, or the reason why it cannot be built.

    Raises:
        ModelsError: it names an unknown recipe, card or parameter.
    """
    if "/" in artifact or artifact.startswith("."):
        return f"{artifact} is a SavedModel; there is nothing to build"
    name, at, _ = artifact.partition("@")
    if name not in recipe_names(root) and (carded(root, name) or kept(root, name)):
        return f"{artifact} was imported; there is nothing to build"
    if not at:
        return order_of(name, parameters or {}, root)
    return _pinned(artifact, load_recipe(name, root), root)


def _pinned(artifact: str, recipe: Recipe, root: Path) -> Order | str:
    name, _, pin = artifact.partition("@")
    digest, content = cards.split(pin)
    card = cards.of_content(root, name, digest, content) if content else cards.first(root, name, digest)
    manifest = build_folder(root, name, digest) / MANIFEST
    build = manifests.read(manifest) if manifest.is_file() else None
    if build and content and build.content_digest != content:
        elsewhere = "was built on another processor; its bytes come from artifactSource or the stack's bucket"
        return f"{artifact} {elsewhere}; build/{name}/{digest} has content {build.content_digest}"
    facts = card or build
    if facts is None:
        raise ModelsError(f"{artifact}: card not found: {card_path(root, name, pin)}")
    values = facts.parameters
    known = set(values) == set(recipe.parameters)
    is_current = known and input_digest(name, recipe, values, root) == digest
    if not is_current and build is None:
        return f"{artifact} was built from older code; its bytes come from the bucket, or from a checkout of that code"
    return Order(name, values, digest, is_current)
