"""The local stack's endpoint, as used by the emulator, make, the program, predictions and hints."""

from __future__ import annotations

import ipaddress
import json
import os
import re
from collections.abc import Mapping
from pathlib import Path

from gcp import errors
from gcp.settings import ENDPOINT_VARIABLE as ENDPOINT_VARIABLE  # noqa: PLC0414 - who asks for the endpoint asks here

STACK = "local"
STACKS = (STACK, "vertex")
"""The stacks that a checkout deploys to its own emulator, one for each platform; `make` works on them."""
NAMES = " and ".join(STACKS)
FILE = f"Pulumi.{STACK}.yaml"
KEY = "tf2-models:endpoint"
PORT = 8470
"""The emulator's default port."""
DATA = Path(".local/emulator")
"""The folder in a checkout that holds the emulator's state, its log and its pid file."""
_HOST = "127.0.0.1"
_FORM = re.compile(r"http://(localhost|127(?:\.[0-9]{1,3}){3})(?::([0-9]{1,5}))?/?", re.IGNORECASE)


def endpoint(folder: Path | None = None) -> str:
    """The endpoint of a checkout's local stack, `http://127.0.0.1:PORT`.

    It is TF2_MODELS_ENDPOINT, else `tf2-models:endpoint` (or `endpoint`) of `Pulumi.local.yaml`, else port 8470.

    Args:
        folder: the checkout. Default: the current folder.

    Raises:
        InvalidInput: it is not http on a loopback address of IPv4, where the emulator listens, or the file is
            unreadable.
    """
    host, port = address(folder)
    return f"http://{host}:{port}"


def address(folder: Path | None = None) -> tuple[str, int]:
    """IPv4 address and port of `endpoint`. Raises `InvalidInput`."""
    text, source = os.environ.get(ENDPOINT_VARIABLE), ENDPOINT_VARIABLE
    if not text:
        path = (folder or Path()) / FILE
        text, source = _declared(path), f"{KEY} in {path.name}"
    if text is None:
        return _HOST, PORT
    found = _parsed(text)
    if found is None:
        raise errors.InvalidInput([(source, failure(text))])
    return found


def failure(text: str) -> str:
    """Why this is not an endpoint for the local stack; empty if it is one."""
    if _parsed(text):
        return ""
    shown = "has more than a host and a port" if re.search(r"[@?#]", text) else f"is {text!r}"
    return (
        f"must be http://127.0.0.1:PORT: the local stack is on this machine only; it {shown}. "
        "To deploy elsewhere, use a stack of your own (docs/how-to/google-project.md)"
    )


def default(stack: str) -> str | None:
    """The endpoint of a stack if its file names none; None for Google's."""
    return f"http://{_HOST}:{PORT}" if stack.rpartition("/")[2] in STACKS else None


def emulator() -> str | None:
    """The endpoint of the emulator that runs in this folder, `http://HOST:PORT`; None if none does."""
    try:
        noted = json.loads((DATA / "pid").read_text(encoding="utf-8"))
        runs = start_time(noted["pid"]) == noted["started"]
        return str(noted["endpoint"]) if runs else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def start_time(pid: int) -> str | None:
    """When a process started, in clock ticks since boot; None if it does not run."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    # The second field is the program's name in parentheses, which may hold anything.
    fields = text.rpartition(")")[2].split()
    return None if fields[0] == "Z" else fields[19]


def other_port() -> str:
    """What to do if the local stack's port is taken."""
    variable, path = os.environ.get(ENDPOINT_VARIABLE), Path(FILE)
    try:
        declared = _declared(path) or f"http://{_HOST}:{PORT}"
    except errors.InvalidInput:
        declared = ""
    # The shell function `pulumi` sets the variable to the file's value: then the file must be changed.
    overridden = variable and declared and _parsed(variable) != _parsed(declared)
    where = ENDPOINT_VARIABLE if overridden else f"{KEY} in {FILE}"
    return f"set {where} to http://127.0.0.1:PORT with another port"


def not_ours(url: str) -> str:
    """A hint that a server on this machine is not this folder's emulator; empty if it is, or is on another machine.

    Args:
        url: of the endpoint that responded.
    """
    own, found = emulator(), _parsed(url)
    if found is None or (own and _parsed(own) == found):
        return ""
    here = f"which runs on {own}" if own else "which does not run"
    return f"The server on {url} is not this folder's emulator, {here}; is it another folder's? If so, {other_port()}"


def start_hint(url: str) -> str:
    """A hint about an unreachable server on this machine, with the command that starts an emulator."""
    return f"is the emulator up? `{up_command(url)}`"


def up_command(url: str) -> str:
    """The command that starts an emulator at a URL.

    With `--port` if the local stack's port is another one, and with `--restart` if this folder's emulator has another.
    """
    command, found = "python -m emulator up", _parsed(url)
    try:
        elsewhere = found is not None and found != address()
    except errors.InvalidInput:
        elsewhere = found is not None
    port = f" --port {found[1]}" if found and elsewhere else ""
    own = emulator()
    return f"{command}{port}{' --restart' if found and own and _parsed(own) != found else ''}"


def _parsed(text: str) -> tuple[str, int] | None:
    found = _FORM.fullmatch(text)
    if not found:
        return None
    host, port = found[1].lower(), int(found[2] or 80)
    if host == "localhost":
        host = _HOST
    try:
        ipaddress.IPv4Address(host)
    except ValueError:
        return None
    return (host, port) if 0 < port < 65536 else None


def _declared(path: Path) -> str | None:
    """The endpoint that a stack file names; None if it names none, or does not exist."""
    from resources.config import stack_file

    try:
        value = stack_file.read(path).config.get(KEY)
    except FileNotFoundError:
        return None
    except stack_file.UnreadableStackFile as error:
        raise errors.InvalidInput([(path.name, f"cannot be read: {error}")]) from None
    if isinstance(value, Mapping | list):
        raise errors.InvalidInput([(f"{KEY} in {path.name}", "must be plain text")])
    from resources.config import stack_yaml

    return None if value in (None, "") else stack_yaml.written(value)
