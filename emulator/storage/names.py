"""Which names of buckets and objects are valid, and how names are ordered."""

from __future__ import annotations

from gcp import errors
from resources.storage import rules

_OBJECT_BYTES = 1024


def check_bucket(name: str) -> None:
    """Checks a new bucket's name by Google's rules. Whether a dotted name is the caller's domain is not checked.

    Raises:
        errors.InvalidArgument: it breaks a rule.
    """
    if rules.bucket_name_failure(name):
        raise errors.InvalidArgument(f"Invalid bucket name: '{printable(name)}'")


def check_object(name: str) -> None:
    """Checks a new object's name: 1 to 1024 bytes of UTF-8, no CR or LF, neither `.` nor `..`.

    Raises:
        errors.InvalidArgument: it breaks a rule, or begins with `.well-known/acme-challenge/`.
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
    """Returns `name` on one line, for messages and headers: control characters and lone surrogates as escapes."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in name)


def after_prefix(prefix: str) -> str | None:
    """Returns the smallest text greater than every text that begins with `prefix`; None if there is none.

    By code points, which is the order of UTF-8.
    """
    while prefix and prefix[-1] == "\U0010ffff":
        prefix = prefix[:-1]
    if not prefix:
        return None
    following = ord(prefix[-1]) + 1
    return prefix[:-1] + chr(0xE000 if following == 0xD800 else following)
