"""What may be the name of a bucket or an object, and how names are ordered."""

from __future__ import annotations

import ipaddress
import re

from resources import errors

_COMPONENT = re.compile(r"[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?")
_GOOGLE = re.compile(r"g[o0][o0]g[l1]e")
_OBJECT_BYTES = 1024


def check_bucket(name: str) -> None:
    """Checks a new bucket's name by Google's rules. Whether a dotted name is the caller's domain is not checked.

    Raises:
        errors.InvalidArgument: it breaks one.
    """
    components = name.split(".")
    long_enough = 3 <= len(name) <= (222 if len(components) > 1 else 63)
    in_form = all(_COMPONENT.fullmatch(part) for part in components)
    if not long_enough or not in_form or name.startswith("goog") or _GOOGLE.search(name) or _is_address(name):
        raise errors.InvalidArgument(f"Invalid bucket name: '{printable(name)}'")


def _is_address(name: str) -> bool:
    try:
        ipaddress.IPv4Address(name)
    except ValueError:
        return False
    return True


def check_object(name: str) -> None:
    """Checks a new object's name: 1 to 1024 bytes of UTF-8, no CR or LF, neither `.` nor `..`.

    Raises:
        errors.InvalidArgument: it breaks one of these, or begins with `.well-known/acme-challenge/`.
    """
    try:
        length = len(name.encode())
    except UnicodeEncodeError:
        raise errors.InvalidArgument("Object names must be valid UTF-8.") from None
    if length > _OBJECT_BYTES:
        raise errors.InvalidArgument(f"The maximum object length is {_OBJECT_BYTES} characters, but got {length}.")
    reserved = name in {"", ".", ".."} or name.startswith(".well-known/acme-challenge/")
    if reserved or "\r" in name or "\n" in name:
        raise errors.InvalidArgument(f"Invalid object name: '{printable(name)}'")


def printable(name: str) -> str:
    """`name` on one line, for messages and headers: control characters and lone surrogates as escapes."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in name)


def after_prefix(prefix: str) -> str | None:
    """The least text that is greater than all texts that begin with `prefix`; None where every greater one does.

    By code points, which is the order of UTF-8.
    """
    while prefix and prefix[-1] == "\U0010ffff":
        prefix = prefix[:-1]
    if not prefix:
        return None
    following = ord(prefix[-1]) + 1
    return prefix[:-1] + chr(0xE000 if following == 0xD800 else following)
