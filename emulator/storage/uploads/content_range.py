"""The `Content-Range` header of an upload."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from emulator.storage.numbers import DIGITS
from gcp import errors

_FORM = re.compile(rf"bytes (?:(\*)|({DIGITS})-({DIGITS}|\*))/({DIGITS}|\*)")
_MULTIPLE = 256 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentRange:
    """What a request of an upload session carries.

    Attributes:
        query: it carries no bytes and asks for the state (`bytes */N`, `bytes */*`).
        first: offset of its first byte.
        last: offset of its last byte; None for the end of the body (`bytes 0-*/*`, or no header).
        total: size of the object in bytes; None if it is not known yet.
    """

    query: bool = False
    first: int = 0
    last: int | None = None
    total: int | None = None

    @property
    def end(self) -> int | None:
        """The offset that no byte may reach."""
        return self.total if self.last is None else self.last + 1

    @classmethod
    def parse(cls, header: str | None) -> ContentRange:
        """Parses the header; no header means the whole object.

        Raises:
            errors.InvalidArgument: it has an unknown form, its numbers contradict each other, or a part other than the
                last one is not a multiple of 256 KiB.
        """
        if header is None:
            return cls()
        found = _FORM.fullmatch(header.strip())
        if found is None:
            raise errors.InvalidArgument(f"Failed to parse Content-Range header: {header[:100]!r}.")
        query, first, last, size = found.groups()
        total = None if size == "*" else int(size)
        if query:
            return cls(query=True, total=total)
        given = cls(first=int(first), last=None if last == "*" else int(last), total=total)
        given._check(header)
        return given

    def of_size(self, total: int | None) -> ContentRange:
        """Returns the same for a session that was started with a size, if `total` is one.

        Raises:
            errors.InvalidArgument: the header gives another size.
        """
        if total is None or self.total == total:
            return self
        if self.total is None:
            return replace(self, total=total)
        raise errors.InvalidArgument(
            f"Content-Range says {self.total} bytes in all, but the upload was started with {total}."
        )

    def is_complete(self, size: int) -> bool:
        """Whether a session that has `size` bytes after this request has all of them."""
        return size == self.total if self.query or self.total is not None else self.last is None

    def _check(self, header: str) -> None:
        if self.last is not None and (self.last < self.first or (self.total is not None and self.last >= self.total)):
            raise errors.InvalidArgument(f"The numbers of the Content-Range header contradict each other: {header!r}.")
        if self.last is None or self.last + 1 == self.total:
            return
        if (self.last + 1 - self.first) % _MULTIPLE:
            raise errors.InvalidArgument(
                "Invalid request.  The number of bytes uploaded is required to be equal or greater than 262144, except"
                " for the final request (it's recommended to be the exact multiple of 262144)."
                f"  The received request contained {self.last + 1 - self.first} bytes."
            )
