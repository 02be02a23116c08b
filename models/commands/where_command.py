"""`python -m models where`: prints the folder of a version's SavedModel."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from artifact_format.manifest import Artifact
from command_line import OK
from models.artifacts.resolve import read_build, resolve
from models.commands.common_options import LOCAL, add_command
from models.commands.stack_file import KEY, stack_artifacts, stack_config
from models.core.errors import ModelsError, UsageError
from models.saved_model.folder_content import GRAPH

_DESCRIPTION = "Prints the local folder with the SavedModel of a version in a stack file."


def add_where(commands: Any) -> None:
    """Adds the command to those of `python -m models`."""
    parser = add_command(commands, "where", _run, summary="folder of a version's SavedModel", description=_DESCRIPTION)
    add = parser.add_argument
    add("model", metavar="MODEL", help="a model of the stack file")
    add("--version", metavar="V", help="one of its versions (default: its default version)")
    add("--stack", metavar="STACK", default=LOCAL, help=f"of Pulumi.STACK.yaml (default: {LOCAL})")


def _run(options: argparse.Namespace, root: Path) -> int:
    print(folder_of(options.model, options.version, options.stack, root))
    return OK


def folder_of(model: str, version: str | None, stack: str, root: Path) -> Path:
    """The folder of a version's SavedModel.

    Args:
        model: name of a model of the stack file.
        version: name of one of its versions. Default: its default version, or the only one, which has no name.
        stack: name of the stack.
        root: the project's folder.

    Raises:
        UsageError: the stack file has no such model or version.
        ModelsError: the stack file does not exist, or the SavedModel is missing, damaged or not on this machine.
    """
    found = {where: (artifact, parameters) for where, artifact, parameters in stack_artifacts(stack, root)}
    entry = stack_config(stack, root)[KEY].get(model)
    if not isinstance(entry, dict):
        names = dict.fromkeys(where.partition(".")[0] for where in found)
        raise UsageError(f"Pulumi.{stack}.yaml has no model {model}; it has {', '.join(names)}")
    named = version or entry.get("defaultVersion")
    where = f"{model}.versions.{named}" if "versions" in entry else f"{model}.version"
    if where not in found:
        raise UsageError(f"Pulumi.{stack}.yaml has no version {named} of {model}")
    artifact, parameters = found[where]
    if artifact.startswith("gs://"):
        raise ModelsError(f"{where}: {artifact} is in a bucket, not on this machine")
    try:
        facts = resolve(artifact, parameters, root=root, allow_rebuild=True)
    except ModelsError as error:
        raise type(error)(f"Pulumi.{stack}.yaml: {where}: {error}") from None
    _check_content(where, facts, root)
    if facts.folder is None or not (facts.folder / GRAPH).is_file():
        way = fetch_hint(facts) if facts.name else f"build it with: python -m models build --stack {stack}"
        raise ModelsError(f"{where}: {artifact} is not on this machine; {way}")
    return facts.folder


def _check_content(where: str, facts: Artifact, root: Path) -> None:
    """Raises `ModelsError` if the local build has different content than the version, from another processor."""
    if not facts.recipe or not facts.input_digest:
        return
    build = read_build(root, facts.recipe, facts.input_digest)
    if build and build.content_digest != facts.content_digest:
        raise ModelsError(
            f"{where}: content {facts.content_digest} is not on this machine: {build.folder} has content "
            f"{build.content_digest}, built on another processor"
        )


def fetch_hint(facts: Artifact) -> str:
    """How to get the bytes of an imported artifact to this machine."""
    copy = f"copy the folder build/{facts.name}/{facts.content_digest} from a machine that has it"
    if facts.input_digest:  # from a Keras file: exporting it here would give different bytes
        return copy
    return f"import it on this machine, too: python -m models import PATH --name {facts.name}; or {copy}"
