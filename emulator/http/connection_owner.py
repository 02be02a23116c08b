"""What a connection asks of the server that it belongs to."""

from __future__ import annotations

from typing import Protocol

from emulator.http.body_budget import BodyBudget
from emulator.http.early_errors import EarlyError
from emulator.http.exchange import Exchange
from emulator.http.request_head import Heads


class OpenConnection(Protocol):
    """What the server asks of a connection."""

    def retire(self) -> None:
        """Takes no further request; closes as soon as nothing is being answered."""

    def abort(self) -> None:
        """Closes immediately."""


class Owner(Protocol):
    """The server.

    Attributes:
        heads: makes the heads of requests.
        budget: limits the bytes of request bodies in memory.
    """

    heads: Heads
    budget: BodyBudget

    def opened(self, connection: OpenConnection) -> bool:
        """Counts a new connection; False if there are too many, so that it must close."""

    def closed(self, connection: OpenConnection) -> None:
        """A connection is closed."""

    def begin(self, exchange: Exchange) -> bool:
        """Starts to answer a request; False if more of its body must arrive first."""

    def date(self) -> str:
        """The current time, as HTTP writes it."""

    def early_response(self, error: EarlyError) -> bytes:
        """The response to a request that is not valid HTTP."""
