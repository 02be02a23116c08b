"""Where on this machine the SavedModel lies that a version of a stack file names."""

from __future__ import annotations

from pathlib import Path

from models.core.content import GRAPH
from models.core.errors import ModelsError, UsageError
from models.core.resolve import resolve
from models.core.stack import KEY, stack_artifacts, stack_config


def folder_of(model: str, version: str | None, stack: str, root: Path) -> Path:
    """The folder of a version's SavedModel.

    Args:
        model: name of a model of the stack file.
        version: name of one of its versions. Default: its default version, or the only one, which has no name.
        stack: name of the stack.
        root: the project's folder.

    Raises:
        UsageError: there is no such model or version.
        ModelsError: there is no such stack file, or the SavedModel is not on this machine.
    """
    found = {where: (artifact, parameters) for where, artifact, parameters in stack_artifacts(stack, root)}
    entry = stack_config(stack, root)[KEY].get(model)
    if not isinstance(entry, dict):
        names = dict.fromkeys(where.partition(".")[0] for where in found)
        raise UsageError(f"Pulumi.{stack}.yaml names no model {model}: it has {', '.join(names)}")
    named = version or entry.get("defaultVersion")
    where = f"{model}.versions.{named}" if "versions" in entry else f"{model}.version"
    if where not in found:
        raise UsageError(f"Pulumi.{stack}.yaml has no version {named} of {model}")
    artifact, parameters = found[where]
    if artifact.startswith("gs://"):
        raise ModelsError(f"{where}: {artifact} lies in a bucket, not on this machine")
    facts = resolve(artifact, parameters, root=root, allow_rebuild=True)
    if facts.folder is None or not (facts.folder / GRAPH).is_file():
        build = f"build it with: python -m models build --stack {stack}"
        again = f"import it here too: python -m models import PATH --name {facts.name}" if facts.name else build
        raise ModelsError(f"{where}: the bytes of {artifact} are not on this machine; {again}")
    return facts.folder
