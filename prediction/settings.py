"""Where to predict: platform, project and endpoint, from options, the environment or a stack file."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from gcp import api, errors
from gcp import settings as gcp_settings
from gcp.settings import Settings
from prediction import platforms
from prediction.targets.target import Target
from resources.config import entries, local_endpoint

RETRY_SECONDS = 5.0
"""How long a command retries a failing call by default: somebody is waiting for it."""
_TEXTS = {("gcp:project",), ("gcp:region",), ("tf2-models:endpoint",), ("tf2-models:impersonateServiceAccount",)}


def target_at(project: str, settings: Settings, platform: str, models: Mapping[str, Any] | None = None) -> Target:
    """A project of a platform, called with these settings over the process's shared connections.

    `models` are those of a stack file; see `Target`.
    """
    return platforms.of(platform)(project=project, api=api.shared(settings), models=models or {})


def settings_of(
    endpoint: str | None, region: str | None, *, declared: str | None = None, impersonate: str | None = None
) -> Settings:
    """Settings for an endpoint. Calls are retried for 30 s, on this machine too.

    Args:
        endpoint: "global", "regional" or a URL. Default: TF2_MODELS_ENDPOINT, else `declared`, else Google's.
        region: of a regional endpoint.
        declared: the stack's endpoint.
        impersonate: service account to impersonate. Default: GOOGLE_IMPERSONATE_SERVICE_ACCOUNT, else none.

    Raises:
        InvalidInput: one of these is not valid.
    """
    last = declared or (gcp_settings.REGIONAL if region else gcp_settings.GLOBAL)
    found = Settings.of(last, region, first=endpoint, impersonate=impersonate, local_hint=local_endpoint.start_hint)
    return replace(found, retry_seconds=gcp_settings.RETRY_SECONDS)


def target(
    *,
    stack: str | None,
    project: str | None,
    endpoint: str | None,
    region: str | None,
    platform: str | None = None,
    folder: Path | None = None,
) -> Target:
    """The target of a command. If a project is given, no stack file is read; other options override the stack file.

    A stack file without an endpoint means Google's; the local stack's means this machine's. The target knows the models
    of the stack file, which may have ids of their own.

    Args:
        stack: name of the stack. Default: PULUMI_STACK, else `local`.
        project: id of the project.
        endpoint: see `settings_of`; TF2_MODELS_ENDPOINT overrides the stack's.
        region: of a regional endpoint.
        platform: "ml" or "vertex". Default: the stack's, else "ml".
        folder: of the stack files. Default: the current folder.

    Raises:
        InvalidInput: the stack file does not exist, is not valid, or lacks the project.
    """
    if project:
        return target_at(project, _with_retries(settings_of(endpoint, region)), platform or platforms.ML)
    name = named_stack(stack)
    path = stack_file(name, folder or Path())
    local = not endpoint and name.rpartition("/")[2] in local_endpoint.STACKS
    # It rejects an endpoint on another machine, which would get a local stack's data.
    here = local_endpoint.endpoint(folder) if local else None
    config = _config(path)
    settings = settings_of(
        endpoint,
        region or _text(config, "gcp:region", path),
        declared=here or _text(config, local_endpoint.KEY, path) or gcp_settings.GLOBAL,
        impersonate=_text(config, "tf2-models:impersonateServiceAccount", path),
    )
    found = _text(config, "gcp:project", path)
    if not found:
        raise errors.InvalidInput([(path.name, "gcp:project is missing: set it, or use --project")])
    called = _with_retries(settings, _text(config, "tf2-models:retrySeconds", path), path)
    platform = platform or _text(config, platforms.KEY, path) or platforms.ML
    return target_at(found, called, platform, entries.mapping(config.get("tf2-models:models")))


def named_stack(given: str | None) -> str:
    """The name of the stack: the given one, else PULUMI_STACK, else `local`."""
    return given or os.environ.get("PULUMI_STACK") or "local"


def stack_file(stack: str, folder: Path) -> Path:
    """The file of a stack, `NAME` or `ORGANISATION/PROJECT/NAME`. Raises `InvalidInput` if it does not exist."""
    path = folder / f"Pulumi.{stack.rpartition('/')[2]}.yaml"
    if path.is_file():
        return path
    names = sorted(found.name.split(".")[1] for found in folder.glob("Pulumi.*.yaml"))
    here = f"the stacks here are {', '.join(names)}" if names else "run the command in the project's folder"
    raise errors.InvalidInput([(path.name, f"not found in this folder: {here}, or use --project and --endpoint")])


def _with_retries(settings: Settings, declared: str | None = None, path: Path = Path()) -> Settings:
    try:
        seconds = float(declared or RETRY_SECONDS)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= gcp_settings.MOST_RETRY_SECONDS:
        reason = f"tf2-models:retrySeconds must be 0 to {gcp_settings.MOST_RETRY_SECONDS:g}; got {declared!r}"
        raise errors.InvalidInput([(path.name, reason)])
    return replace(settings, retry_seconds=seconds)


def _config(path: Path) -> Mapping[str, Any]:
    from resources.config import stack_file

    try:
        found = stack_file.read(path)
    except (FileNotFoundError, stack_file.UnreadableStackFile) as error:
        raise errors.InvalidInput([(path.name, f"cannot be read: {error}")]) from None
    altered = [each for each in found.unquoted if each.is_altered and each.path in _TEXTS]
    if altered:
        raise errors.InvalidInput((path.name, f"{each.path[-1]}: {each.reason}") for each in altered)
    return found.config


def _text(config: Mapping[str, Any], key: str, path: Path) -> str | None:
    value = config.get(key)
    if isinstance(value, dict):
        raise errors.InvalidInput([(path.name, f"{key} is not plain text: give it as an option")])
    return None if value is None else str(value)
