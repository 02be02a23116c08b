"""The socket that an emulator listens on. Imports little: `up` also uses it to check whether a port is free."""

from __future__ import annotations

import errno
import socket

from emulator.settings import Settings
from gcp.errors import Error
from resources.config import local_endpoint


def bind(settings: Settings) -> socket.socket:
    """A socket that listens at the settings' address. Raises `Error` if that fails."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
        listener.listen(512)
    except OSError as exc:
        listener.close()
        if exc.errno == errno.EADDRINUSE:
            taken = f"port {settings.port} is taken by another program, such as the emulator of another folder"
            raise Error(f"{taken}: stop it, or {local_endpoint.other_port()}") from exc
        raise Error(f"cannot listen on port {settings.port}: {exc.strerror}; {local_endpoint.other_port()}") from exc
    return listener
