"""Finds the state backend as the engine does, and checks whether it is this checkout's local state."""

from __future__ import annotations

import contextlib
import json
import os
import pwd
import shlex
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

from resources.config import local_endpoint

LOCAL_STATE = Path(".local/state")
"""The folder in a checkout that holds the state of the local stack; `make clean` removes it."""
_SCHEME = "file://"


def current(project: Path) -> str:
    """The URL of the backend that the engine uses in a project's folder; empty for Pulumi Cloud or for none.

    It is PULUMI_BACKEND_URL, else `backend.url` of `Pulumi.yaml`, else the one of the last `pulumi login`.
    """
    return os.environ.get("PULUMI_BACKEND_URL") or _of_project(project) or _of_login()


def folders(url: str, base: Path) -> Iterator[Path]:
    """The folders that a `file://` URL may mean; none for any other URL.

    Args:
        url: of a backend.
        base: the folder that relative paths start from, where the engine runs.
    """
    if not url.startswith(_SCHEME):
        return
    path = unquote(url.removeprefix(_SCHEME).partition("?")[0])
    if path.startswith("~"):
        yield from (Path(home, path[2:]) for home in _homes())  # the engine drops the next character, whatever it is
    else:
        yield base / path


def is_local(url: str, project: Path, base: Path) -> bool:
    """Whether a backend is the local state of a checkout, in whatever notation.

    Args:
        url: of the backend.
        project: the checkout.
        base: as in `folders`.
    """
    own = (project / LOCAL_STATE).resolve()
    return any(_same(folder, own) for folder in folders(url, base))


def refusal(stack: str, project: Path, base: Path) -> str:
    """Why the program must not run for a stack; empty if it may.

    A checkout's local state is only for the local stacks, since `make clean` removes it.

    Args:
        stack: the stack's name.
        project: the checkout.
        base: as in `folders`.
    """
    if stack in local_endpoint.STACKS or not is_local(current(project), project, base):
        return ""
    return (
        f"stack {stack} is in {LOCAL_STATE}, which is for the stacks {local_endpoint.NAMES} only; "
        "nothing was changed.\n"
        f"{way_out(stack, project)}"
    )


def way_out(stack: str, project: Path, owner: str = "") -> str:
    """How to move a stack from the local state to a backend of the user's own, or to destroy it: lines of text.

    Each command names its backend, so that it works in any shell with any login. `env` finds the program instead of
    the function of local.env. There are no comments, which zsh would take for arguments.

    Args:
        stack: the stack's name.
        project: the checkout.
        owner: name of the stack's project if it is not the checkout's.
    """
    name, plain, file = f"organization/{owner}/{stack}" if owner else stack, shlex.quote(stack), f"{stack}.state.json"
    local = f"env {_here(project)} PULUMI_CONFIG_PASSPHRASE="
    name, file = shlex.quote(name), shlex.quote(file)
    folder = f"in the folder of the project {owner}" if owner else "in this folder"
    return f"""To move it to a backend of your own, run this {folder}, in any shell, with its URL (gs://BUCKET) for URL:
    {local} pulumi stack export --stack {name} --show-secrets --file {file} &&
    env PULUMI_BACKEND_URL=URL pulumi stack init {plain} &&
    env PULUMI_BACKEND_URL=URL pulumi stack import --stack {plain} --file {file} &&
    {local} pulumi stack rm --stack {name} --yes --force --preserve-config; rm -f {file}
It is one command and stops at the first step that fails. The stack then stays here, and an existing stack {stack} on
that backend is not changed. --force is needed because the stack has resources; they are kept, and belong to the moved
stack. {file} holds secrets in plain text and is removed at the end.
To destroy it, {folder}:
    {local} pulumi destroy --stack {name}
If the stack has a passphrase, give it where PULUMI_CONFIG_PASSPHRASE is empty."""


def upgrade(project: Path) -> str:
    """What to do about a stack in Pulumi's old layout, in which stacks did not belong to projects: one line of text."""
    return f"It has the layout of an older Pulumi: run `env {_here(project)} pulumi state upgrade`, then retry"


def _here(project: Path) -> str:
    """The variable assignment that selects the local state of a checkout, quoted for a shell."""
    return f"PULUMI_BACKEND_URL={shlex.quote((project.resolve() / LOCAL_STATE).as_uri())}"


def _same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:  # one of them does not exist (yet)
        return one.resolve() == other


def _homes() -> Iterator[str]:
    """The user's home folders: from /etc/passwd, which the engine uses, and from HOME, which other programs use."""
    with contextlib.suppress(KeyError):
        yield pwd.getpwuid(os.getuid()).pw_dir
    yield os.environ.get("HOME") or "/"


def _of_project(project: Path) -> str:
    import yaml

    try:
        document = yaml.safe_load((project / "Pulumi.yaml").read_text(encoding="utf-8"))
        return str(document["backend"]["url"])
    except (OSError, ValueError, yaml.YAMLError, KeyError, TypeError):
        return ""


def _of_login() -> str:
    folder = os.environ.get("PULUMI_CREDENTIALS_PATH") or os.environ.get("PULUMI_HOME")
    for path in [Path(folder)] if folder else [Path(home, ".pulumi") for home in _homes()]:
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            return str(json.loads((path / "credentials.json").read_bytes())["current"])
    return ""
