"""What an upload is to become, and the checksums that its caller promises."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from emulator.core.checksums import Digest
from emulator.storage.object_store import NewObject
from emulator.storage.preconditions import NO_CONDITIONS, Preconditions
from gcp import errors

_LENGTHS = {"crc32c": 4, "md5": 16}
_LABELS = {"crc32c": "CRC32C", "md5": "MD5"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """An object whose bytes have not arrived yet.

    Attributes:
        bucket, name: where it goes.
        resource: the caller's fields, checked.
        promised: checksums that the bytes must have, as `promised_checksums` returns them.
        conditions: what must hold when the object is made.
    """

    bucket: str
    name: str
    resource: dict[str, Any]
    promised: Mapping[str, str]
    conditions: Preconditions = NO_CONDITIONS

    def received(self, blob: str, digest: Digest) -> NewObject:
        """Returns the object whose bytes are now complete in a blob.

        Raises:
            errors.InvalidArgument: the bytes do not have the promised checksums.
        """
        for _, message in mismatches(digest, self.promised):
            raise errors.InvalidArgument(message)
        return NewObject(
            bucket=self.bucket,
            name=self.name,
            blob=blob,
            size=digest.size,
            crc32c=digest.crc32c,
            md5=digest.md5,
            resource=self.resource,
            conditions=self.conditions,
        )


def promised_checksums(resource: Mapping[str, Any], headers: Mapping[str, str]) -> dict[str, str]:
    """Returns the checksums that the caller promises, under `crc32c` and `md5`.

    They come from the object's metadata (`crc32c`, `md5Hash`) or from `x-goog-hash: crc32c=...,md5=...`, which wins: a
    client that computes them while it sends knows them only then.

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
    if length != _LENGTHS[kind]:
        label = _LABELS[kind]
        raise errors.InvalidArgument(f'Provided {label} "{value}" is not a base64-encoded {label} checksum.')


def mismatches(digest: Digest, promised: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Gives the kind (`crc32c`, `md5`) of each promised checksum that the bytes do not have, and a message."""
    for kind, value in promised.items():
        label, computed = ("CRC32C", digest.crc32c) if kind == "crc32c" else ("MD5 hash", digest.md5)
        if value != computed:
            yield kind, f'Provided {label} "{promised[kind]}" doesn\'t match calculated {label} "{computed}".'
