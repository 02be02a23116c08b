"""`python -m models push`: copies builds to a bucket, where other machines and other stacks find them.

It uploads with the code of `resources`, so that there is only one way to check, send and verify an artifact. It is
imported only to push, because the other commands of this package must not import `resources`.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from artifact_format.manifest import Artifact
from command_line import pluralize
from gcp import errors
from gcp.settings import Settings
from models.artifacts.resolve import resolve
from models.builder.progress import Display
from models.commands.stack_file import stack_artifacts, stack_config
from models.commands.where_command import fetch_hint
from models.core.errors import ModelsError, UsageError
from models.core.registry import load_recipe, parse, recipe_names
from resources.config import local_endpoint, plan
from resources.deploy_errors import ArtifactError
from resources.storage import push as uploads
from resources.storage import rules

_PERCENT = re.compile(r"(\d+) %$")


class Wanted(NamedTuple):
    """An artifact to push, as a stack file names it."""

    artifact: str
    parameters: Mapping[str, Any] | None


def push(options: argparse.Namespace, texts: Mapping[str, str], root: Path, shown: Display) -> None:
    """Pushes what the options name, each content once. Everything is resolved before the first upload.

    Raises:
        ModelsError: a card or build does not exist, its bytes are not those of the card, or the API refuses.
    """
    bucket = rules.bucket_of(options.to)
    if reason := rules.bucket_name_failure(bucket):
        raise UsageError(f"--to {options.to}: the bucket {reason}")
    settings = _settings(options, root)
    artifacts: dict[str, tuple[Artifact, dict[str, Any]]] = {}
    for artifact, parameters in _wanted(options, texts, root, shown):
        facts = resolve(artifact, parameters, root=root)
        inputs = plan.saved_model_inputs(facts, bucket)
        for note in plan.notes(artifact, facts):
            shown.line(note)
        artifacts[inputs["prefix"]] = facts, inputs
    for prefix, (facts, inputs) in artifacts.items():
        try:
            sent = uploads.push(inputs, settings, _Steps(prefix, shown))
        except errors.Error as error:
            raise ModelsError(_explained(error, facts, f"gs://{bucket}/{prefix}/")) from None
        name = facts.name or facts.recipe or facts.folder
        shown.line(
            f"{name}: {'pushed to' if sent else 'already at'} gs://{bucket}/{prefix}/ "
            f"({pluralize(len(facts.files), 'file')}, {facts.size} bytes)"
        )


def _explained(error: errors.Error, facts: Artifact, uri: str) -> str:
    """The error's text, with what to do if the bytes of an imported artifact are on another machine."""
    if facts.name is None or not isinstance(error, ArtifactError) or (facts.folder and facts.folder.is_dir()):
        return str(error)
    return (
        f"{facts.name}: neither {uri} nor this machine has its bytes; push it from the machine that imported it, "
        f"or {fetch_hint(facts)}"
    )


def _settings(options: argparse.Namespace, root: Path) -> Settings:
    config = stack_config(options.stack, root) if options.stack else {}
    texts = [config.get(key) for key in (local_endpoint.KEY, "gcp:region", "tf2-models:impersonateServiceAccount")]
    endpoint, region, principal = (text if isinstance(text, str) else None for text in texts)
    declared = endpoint or local_endpoint.default(options.stack or "")
    try:
        return Settings.of(
            declared, region, first=options.endpoint, impersonate=principal, local_hint=local_endpoint.start_hint
        )
    except errors.InvalidInput as error:
        raise UsageError(str(error)) from None


def _wanted(options: argparse.Namespace, texts: Mapping[str, str], root: Path, shown: Display) -> Iterator[Wanted]:
    if options.stack:
        for where, artifact, parameters in stack_artifacts(options.stack, root):
            if artifact.startswith("gs://"):
                shown.line(f"{where}: {artifact} is already in a bucket")
            else:
                yield Wanted(artifact, parameters)
        return
    recipes = recipe_names(root)
    for name in dict.fromkeys(options.names or recipes):
        yield Wanted(name, parse(name, load_recipe(name, root), texts) if name in recipes else texts or None)


class _Steps:
    """Shows the progress of an upload, at every tenth, and its other messages."""

    def __init__(self, prefix: str, shown: Display) -> None:
        self._prefix, self._shown, self._last = prefix, shown, ""

    def __call__(self, text: str) -> None:
        found = _PERCENT.search(text)
        percent = int(found[1]) if found else 0
        step = f"{text[: found.start()]}{percent // 10}" if found else text
        if step != self._last:
            self._last = step
            self._shown.step(percent, 100, f"{self._prefix}: {text}")
