"""Where to predict: the project and the endpoint, from options, the environment or a stack file."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from gcp import errors
from gcp import settings as _settings
from resources.config import local_endpoint

RETRY_SECONDS = 5.0
"""How long a command repeats a failing call, where the stack does not say: somebody is waiting."""


_TEXTS = {("gcp:project",), ("gcp:region",), ("tf2-models:endpoint",), ("tf2-models:impersonateServiceAccount",)}


@dataclass(frozen=True, kw_only=True)
class Target:
    """A project at an endpoint."""

    project: str
    settings: _settings.Settings


def settings_of(
    endpoint: str | None, region: str | None, *, declared: str | None = None, impersonate: str | None = None
) -> _settings.Settings:
    """Settings for an endpoint: what is given, else TF2_MODELS_ENDPOINT, else what is declared, else Google's.

    The service account to impersonate is what is given, else GOOGLE_IMPERSONATE_SERVICE_ACCOUNT, else none. Calls are
    repeated for 30 s, on this machine too.

    Raises:
        InvalidInput: one of these cannot be.
    """
    last = declared or (_settings.REGIONAL if region else _settings.GLOBAL)
    found = _settings.Settings.of(last, region, first=endpoint, impersonate=impersonate)
    return replace(found, retry_seconds=_settings.RETRY_SECONDS)


def target(
    *, stack: str | None, project: str | None, endpoint: str | None, region: str | None, folder: Path | None = None
) -> Target:
    """What a command is about. With a project no stack file is read; what else is given comes before the stack's.

    A stack file that names no endpoint means Google's; that of the local stack, this machine's.

    Args:
        stack: name of the stack. Default: PULUMI_STACK, else `local`.
        project: id of the project.
        endpoint: see `settings_of`; TF2_MODELS_ENDPOINT comes before the stack's.
        region: of a regional endpoint.
        folder: of the stack files. Default: the current folder.

    Raises:
        InvalidInput: no such stack file, or it does not say what is needed.
    """
    if project:
        return Target(project=project, settings=_patient(settings_of(endpoint, region)))
    name = named_stack(stack)
    path = stack_file(name, folder or Path())
    if not endpoint and name.rpartition("/")[2] == local_endpoint.STACK:
        local_endpoint.address(folder)  # else the environment could send the local stack's data to another machine
    config = _config(path)
    settings = settings_of(
        endpoint,
        region or _text(config, "gcp:region", path),
        declared=_text(config, local_endpoint.KEY, path) or local_endpoint.default(name) or _settings.GLOBAL,
        impersonate=_text(config, "tf2-models:impersonateServiceAccount", path),
    )
    found = _text(config, "gcp:project", path)
    if not found:
        raise errors.InvalidInput([(path.name, "gcp:project is missing: set it, or give --project")])
    return Target(project=found, settings=_patient(settings, _text(config, "tf2-models:retrySeconds", path), path))


def named_stack(given: str | None) -> str:
    """The name of the stack that is meant: what is given, else PULUMI_STACK, else `local`."""
    return given or os.environ.get("PULUMI_STACK") or "local"


def stack_file(stack: str, folder: Path) -> Path:
    """The file of a stack, `NAME` or `ORGANISATION/PROJECT/NAME`. Raises `InvalidInput` where there is none."""
    path = folder / f"Pulumi.{stack.rpartition('/')[2]}.yaml"
    if path.is_file():
        return path
    names = sorted(found.name.split(".")[1] for found in folder.glob("Pulumi.*.yaml"))
    there = f"the stacks here are {', '.join(names)}" if names else "run it in the project's folder"
    raise errors.InvalidInput([(path.name, f"is not in this folder: {there}, or give --project and --endpoint")])


def _patient(settings: _settings.Settings, declared: str | None = None, path: Path = Path()) -> _settings.Settings:
    try:
        seconds = float(declared or RETRY_SECONDS)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= _settings.MOST_RETRY_SECONDS:
        reason = f"tf2-models:retrySeconds must be 0 to {_settings.MOST_RETRY_SECONDS:g}; it is {declared!r}"
        raise errors.InvalidInput([(path.name, reason)])
    return replace(settings, retry_seconds=seconds)


def _config(path: Path) -> Mapping[str, Any]:
    import yaml

    from resources.config import secret_values, stack_yaml

    try:
        document, unquoted = stack_yaml.load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise errors.InvalidInput([(path.name, f"cannot be read: {' '.join(str(error).split())}")]) from None
    altered = [
        each for each in unquoted if each.is_altered and tuple(map(secret_values.qualified, each.path[1:])) in _TEXTS
    ]
    if altered:
        raise errors.InvalidInput((path.name, f"{each.path[-1]}: {each.reason}") for each in altered)
    return secret_values.configuration(document)


def _text(config: Mapping[str, Any], key: str, path: Path) -> str | None:
    value = config.get(key)
    if isinstance(value, dict):
        raise errors.InvalidInput([(path.name, f"{key} is no plain text: give it as an option")])
    return None if value is None else str(value)
