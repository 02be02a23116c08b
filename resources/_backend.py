"""Finds the engine's state backend, as the engine itself does, and tells whether it is this checkout's own."""

from __future__ import annotations

import contextlib
import json
import os
import pwd
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

from resources import _local

LOCAL_STATE = Path(".local/state")
"""The folder in a checkout that holds the state of the local stack; `make clean` removes it."""
_SCHEME = "file://"


def current(project: Path) -> str:
    """The URL of the backend that the engine uses in a project's folder; empty for Pulumi Cloud, or for none.

    It is PULUMI_BACKEND_URL, else `backend.url` of `Pulumi.yaml`, else that of the last `pulumi login`.
    """
    return os.environ.get("PULUMI_BACKEND_URL") or _of_project(project) or _of_login()


def folders(url: str, base: Path) -> Iterator[Path]:
    """The folders that a `file://` URL may mean; none for any other URL.

    Args:
        url: of a backend.
        base: what a relative path starts from: the folder in which the engine runs.
    """
    if not url.startswith(_SCHEME):
        return
    path = unquote(url.removeprefix(_SCHEME).partition("?")[0])
    if path.startswith("~"):
        yield from (Path(home, path[2:]) for home in _homes())  # the engine drops the next character, whatever it is
    else:
        yield base / path


def is_local(url: str, project: Path, base: Path) -> bool:
    """Whether a backend is the local state of a checkout, however it is written.

    Args:
        url: of the backend.
        project: the checkout.
        base: as in `folders`.
    """
    own = (project / LOCAL_STATE).resolve()
    return any(_same(folder, own) for folder in folders(url, base))


def refusal(stack: str, project: Path, base: Path) -> str:
    """Why the program must not run for a stack; empty if it may.

    The local state of a checkout holds the stack `local` only: `make clean` removes it.

    Args:
        stack: the stack's name.
        project: the checkout.
        base: as in `folders`.
    """
    if stack == _local.STACK or not is_local(current(project), project, base):
        return ""
    return (
        f"stack {stack} is in {LOCAL_STATE}, which is for the stack {_local.STACK} only; nothing was changed.\n"
        f"{way_out(stack)}"
    )


def way_out(stack: str) -> str:
    """How to move a stack from the local state to a backend of one's own, or to destroy it: lines of text."""
    return f"""To move it to a backend of your own:
    command pulumi stack export --stack {stack} --show-secrets --file {stack}.json
    pulumi login URL                    # from here to the import in a shell that has not sourced local.env
    pulumi stack init {stack}
    pulumi stack import --stack {stack} --file {stack}.json
    command pulumi stack rm --stack {stack} --force --preserve-config
    rm {stack}.json                     # it holds secrets in plain text
To destroy it:
    command pulumi destroy --stack {stack}"""


def _same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:  # one of them does not exist (yet)
        return one.resolve() == other


def _homes() -> Iterator[str]:
    """The user's home: of /etc/passwd, which the engine uses, and HOME, which others use."""
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
