"""Limits the bytes of request bodies in memory, over all connections."""

from __future__ import annotations

MOST_BYTES = 256 << 20
"""Without it, 512 clients that each send the largest JSON body would take 4 GB."""


class BodyBudget:
    """The bytes of bodies that all exchanges hold.

    Attributes:
        held: bytes.
    """

    __slots__ = ("held",)

    def __init__(self) -> None:
        self.held = 0

    @property
    def spent(self) -> bool:
        """Whether no more bodies may be kept in memory."""
        return self.held > MOST_BYTES
