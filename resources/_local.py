"""The local stack's endpoint, as the emulator, make, the program, predictions and hints all use it."""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Mapping
from pathlib import Path

from resources import errors

STACK = "local"
FILE = f"Pulumi.{STACK}.yaml"
ENDPOINT_VARIABLE = "TF2_MODELS_ENDPOINT"
"""Overrides the configured endpoint, which `destroy` and `refresh` would take from the last `up`."""
KEY = "tf2-models:endpoint"
PORT = 8470
"""The emulator's default port."""
_HOST = "127.0.0.1"
_FORM = re.compile(r"http://(localhost|127(?:\.[0-9]{1,3}){3})(?::([0-9]{1,5}))?/?", re.IGNORECASE)


def endpoint(folder: Path | None = None) -> str:
    """The endpoint of a checkout's local stack, `http://127.0.0.1:PORT`.

    It is TF2_MODELS_ENDPOINT, else `tf2-models:endpoint` of `Pulumi.local.yaml`, else port 8470.

    Args:
        folder: the checkout. Default: the current folder.

    Raises:
        InvalidInput: it is not http on a loopback address of IPv4, where the emulator listens; or the file cannot be
            read.
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
        'To deploy elsewhere, use a stack of your own (README, "A real project")'
    )


def default(stack: str) -> str | None:
    """The endpoint of a stack whose file names none; None for Google's."""
    return f"http://{_HOST}:{PORT}" if stack.rpartition("/")[2] == STACK else None


def up_command(url: str) -> str:
    """The command that starts an emulator at a URL; with `--port` unless that is the local stack's endpoint."""
    command, found = "python -m emulator up", _parsed(url)
    try:
        elsewhere = found is not None and found != address()
    except errors.InvalidInput:
        elsewhere = found is not None
    return f"{command} --port {found[1]}" if found and elsewhere else command


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
    import yaml

    from resources import _stack_yaml

    try:
        document = _stack_yaml.load(path.read_text(encoding="utf-8")).value
    except FileNotFoundError:
        return None
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise errors.InvalidInput([(path.name, f"cannot be read: {' '.join(str(error).split())}")]) from None
    config = document.get("config") if isinstance(document, Mapping) else None
    value = config.get(KEY) if isinstance(config, Mapping) else None
    if isinstance(value, Mapping | list):
        raise errors.InvalidInput([(f"{KEY} in {path.name}", "must be plain text")])
    return None if value in (None, "") else _stack_yaml.written(value)
