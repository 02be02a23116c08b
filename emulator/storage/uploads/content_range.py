"""The `Content-Range` header of an upload."""

from __future__ import annotations

import re
from dataclasses import dataclass

from gcp import errors

_FORM = re.compile(r"bytes (?:(\*)|([0-9]{1,18})-([0-9]{1,18}|\*))/([0-9]{1,18}|\*)")
_MULTIPLE = 256 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentRange:
    """What a request of an upload session carries.

    Attributes:
        query: it carries nothing and asks for the state (`bytes */N`, `bytes */*`).
        first: offset of its first byte.
        last: offset of its last byte; None where the body's end tells (`bytes 0-*/*`, or no header at all).
        total: size of the object; None where it is not known yet.
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
        """Reads the header; none means the whole object.

        Raises:
            errors.InvalidArgument: not of a known form, numbers that contradict each other, or a part that is not the
                last one and no multiple of 256 KiB.
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
