"""Reads the deployed builds from the state, so that an error about a missing card can say how to keep one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import pulumi

from artifact_format.manifest import Artifact
from gcp import errors
from resources.config import stack_state
from resources.deploy_errors import ArtifactError
from resources.schema.types import Failure

Find = Callable[[str], Artifact]
"""Finds an artifact by its name in a stack file. Raises `ArtifactError`."""
_START, _END = "tf2-models:models.", ".artifact"


class Deployed(NamedTuple):
    """The build of a recipe that a version serves."""

    recipe: str
    input_digest: str
    content_digest: str


def with_pins(error: errors.InvalidInput, find: Find) -> errors.InvalidInput:
    """The error, where each line about a wrong artifact also says how to keep the build that the version serves.

    The state is read only if there is such a line, and only in preview: during `up`, reading it would add a provider of
    the engine to the state, which must not change while the configuration is wrong.

    Args:
        error: of the running stack's configuration.
        find: finds artifacts.
    """
    if not pulumi.runtime.is_dry_run() or not any(_is_artifact(path) for path, _ in error.failures):
        return error
    deployed = _read()
    return errors.InvalidInput([_pinned(failure, deployed, find) for failure in error.failures])


def _is_artifact(path: str) -> bool:
    return path.startswith(_START) and path.endswith(_END)


def _pinned(failure: Failure, deployed: Mapping[str, Deployed], find: Find) -> Failure:
    path, reason = failure
    serves = deployed.get(path.removeprefix(_START).removesuffix(_END)) if _is_artifact(path) else None
    if serves is None:
        return failure
    first = f"{serves.recipe}@{serves.input_digest}"
    pins = (first, f"{first}-{serves.content_digest}")
    pin = next((each for each in pins if _content(each, find) == serves.content_digest), None)
    if pin is None:
        lost = f"{first} with content {serves.content_digest}, which has no card here"
        recard = f"run `python -m models build {first} --recard` on the machine that built it"
        return path, f"{reason}. The deployed build is {lost}. To write its card, {recard}"
    return path, f"{reason}. The deployed build is {pin}{'' if pin in reason else f'; to keep it, use artifact: {pin}'}"


def _content(name: str, find: Find) -> str:
    try:
        return find(name).content_digest
    except ArtifactError:
        return ""


def _read() -> dict[str, Deployed]:
    """The build that each version in the state serves, for those that a recipe built.

    Returns:
        Path in a stack file -> build. Paths are `MODEL.versions.VERSION`, for the default version also `MODEL.version`.
    """
    resources = stack_state.resources()
    built = {
        each["uri"]: Deployed(each["recipe"], each["inputDigest"], each["contentDigest"])
        for each in _of_type(resources, "storage:SavedModel", "uri", "recipe", "inputDigest", "contentDigest")
    }
    paths = {
        f"{each['model']}.versions.{each['name']}": built[each["deploymentUri"]]
        for each in _of_type(resources, "ml:Version", "model", "name", "deploymentUri")
        if each["deploymentUri"] in built
    }
    for each in _of_type(resources, "ml:DefaultVersion", "model", "version"):
        path = f"{each['model']}.versions.{each['version']}"
        if path in paths:
            paths[f"{each['model']}.version"] = paths[path]
    return paths


def _of_type(resources: Iterable[Mapping[str, Any]], kind: str, *names: str) -> Iterator[Mapping[str, Any]]:
    """The outputs of all resources of a type that have these keys."""
    for resource in resources:
        outputs = resource.get("outputs") or {}
        if str(resource.get("type")).endswith(f"/{kind}") and all(outputs.get(name) for name in names):
            yield outputs
