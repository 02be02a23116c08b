"""Who may call: by the name that a call is addressed to, and by a token."""

from __future__ import annotations

import base64
import binascii
import functools
import hmac
import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from gcp.errors import ApiError, Error, InvalidArgument, PermissionDenied, Unauthenticated

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_LEAST = 16
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[\w.~%!$&'()*+,;=-]+)(:[0-9]*)?", re.ASCII)
_SAFE = ("GET", "HEAD")


class Access:
    """Rejects calls with an unknown host name, origin or token.

    Args:
        names: by which clients may address this endpoint, beside those of loopback. A web page in a browser can be made
            to call, but not under one of these names.
        token: what every call must hold; empty for none.
    """

    def __init__(self, names: frozenset[str], token: str) -> None:
        self._names = LOOPBACK | {name.lower() for name in names}
        self._token = token.encode()

    def check(self, headers: Mapping[str, str], verb: str = "GET") -> None:
        """Refuses a call of another name or site with `PermissionDenied`, of no name, and one without the token.

        A page of another origin, on another port of this machine too, may not send what changes something.
        """
        origin = headers.get("origin")
        host = headers.get("host", "")
        if not _HOST.fullmatch(host):
            raise InvalidArgument("The Host header is required: the name and port of this endpoint.")
        for address in (f"//{host}", origin):
            if address is not None and _host(address) not in self._names:
                raise PermissionDenied(
                    f"This endpoint answers to its own names only: {', '.join(sorted(self._names))}."
                )
        if origin is not None and verb not in _SAFE and not _same(origin, host):
            raise PermissionDenied("This endpoint takes calls that change something from its own pages only.")
        if self._token and not hmac.compare_digest(_given(headers.get("authorization", "")), self._token):
            raise _unauthenticated()


def read_token(file: Path) -> str:
    """The token in a file: its text without the white space around it. Raises `Error` where there is none."""
    try:
        token = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise Error(f"{file} cannot be read: --token-file names a file that holds the token") from None
    if len(token) < _LEAST or not token.isascii() or not token.isprintable():
        raise Error(f"{file} holds no token: at least {_LEAST} printable ASCII characters on one line")
    return token


def _unauthenticated() -> ApiError:
    return Unauthenticated(
        "Request is missing required authentication credential: send the endpoint's token, Authorization: Bearer TOKEN."
    )


def _given(header: str) -> bytes:
    """The token in a header: `Bearer TOKEN`, or `Basic` with the token as the password."""
    scheme, _, value = header.partition(" ")
    if scheme.lower() == "bearer":
        return value.strip().encode()
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(value, validate=True).partition(b":")[2]
        except binascii.Error:
            return b""
    return b""


def _same(origin: str, host: str) -> bool:
    return origin.lower().partition("://")[2] == host.lower()


@functools.lru_cache(maxsize=64)
def _host(address: str) -> str | None:
    try:
        return urlsplit(address).hostname
    except ValueError:
        return None
