"""The checksums that a caller promises, and those of upload sessions from one request to the next."""

from __future__ import annotations

import base64
import binascii
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from typing import Any

from emulator.core.checksums import Digest
from gcp import errors

_SESSIONS = 1000


class Running:
    """Checksums of upload sessions from one request to the next, so that no byte is read again at the end.

    They are kept in memory alone: a session that they are missing for, after a restart say, is read from its file.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Digest] = OrderedDict()

    def taken(self, session: str) -> Digest:
        """What a session has so far; it is then that request's alone, until it is `put` back."""
        return self._kept.pop(session, None) or Digest()

    def put(self, session: str, digest: Digest) -> None:
        """Keeps it for the next request; those of sessions that nobody went on with are forgotten first."""
        self._kept[session] = digest
        while len(self._kept) > _SESSIONS:
            self._kept.popitem(last=False)


def expected(resource: Mapping[str, Any], headers: Mapping[str, str]) -> dict[str, str]:
    """The checksums that the caller promises, under `crc32c` and `md5`.

    They come from the object's metadata (`crc32c`, `md5Hash`) or from `x-goog-hash: crc32c=...,md5=...`, which wins: a
    client that computes while it sends knows them no sooner.

    Raises:
        errors.InvalidArgument: one is not base64 of the right length.
    """
    found = {"crc32c": resource.get("crc32c"), "md5": resource.get("md5Hash")}
    for pair in headers.get("x-goog-hash", "").split(","):
        kind, _, value = pair.strip().partition("=")
        if kind in found:
            found[kind] = value
    given = {kind: value for kind, value in found.items() if value}
    for kind, value in given.items():
        _check_form(kind, value)
    return given


def _check_form(kind: str, value: str) -> None:
    try:
        length = len(base64.b64decode(value, validate=True))
    except (binascii.Error, ValueError):
        length = -1
    if length != {"crc32c": 4, "md5": 16}[kind]:
        label = {"crc32c": "CRC32C", "md5": "MD5"}[kind]
        raise errors.InvalidArgument(f'Provided {label} "{value}" is not a base64-encoded {label} checksum.')


def verify(digest: Digest, promised: Mapping[str, str]) -> None:
    """Compares.

    Raises:
        errors.InvalidArgument: the bytes that came are not the promised ones.
    """
    for _, message in mismatches(digest, promised):
        raise errors.InvalidArgument(message)


def mismatches(digest: Digest, promised: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The kind (`crc32c`, `md5`) of each promised checksum that is not that of the bytes, and a message."""
    for kind, label, computed in (("crc32c", "CRC32C", digest.crc32c), ("md5", "MD5 hash", digest.md5)):
        if kind in promised and promised[kind] != computed:
            yield kind, f'Provided {label} "{promised[kind]}" doesn\'t match calculated {label} "{computed}".'
