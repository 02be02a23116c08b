"""A provider whose calls are made one by one, when the test says so."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from gcp import api, errors
from resources.engine.provider import Provider

Around = Callable[[Callable[[], Any]], Any]
"""What is done with each call: it is handed the call, and returns its answer."""


class Stepping(api.Api):
    """An `Api` whose every call goes through `around`, on the connections of another one."""

    def __init__(self, free: api.Api, around: Around) -> None:
        vars(self).update(vars(free))
        self._around = around

    def call(self, request: Any, *, repeatable: bool | None = None) -> Any:
        """The call, as `around` makes it."""
        return self._around(lambda: super(Stepping, self).call(request, repeatable=repeatable))


@contextmanager
def stepping(provider: Provider, around: Around) -> Iterator[None]:
    """The provider's calls go through `around` while the block runs."""
    free = provider.api
    provider.api = Stepping(free, around)
    try:
        yield
    finally:
        provider.api = free


class Killed(BaseException):
    """The process is gone: nothing catches it."""


def killed_after(calls: int) -> Around:
    """So many calls take effect, and then the process is gone."""
    return _ending_after(calls, Killed)


def refused_after(calls: int) -> Around:
    """So many calls take effect, and then the account may do nothing any more."""
    return _ending_after(calls, lambda: errors.PermissionDenied("not allowed"))


def _ending_after(calls: int, end: Callable[[], BaseException]) -> Around:
    lock, left = threading.Lock(), [calls]

    def around(call: Callable[[], Any]) -> Any:
        with lock:
            if not left[0]:
                raise end()
            left[0] -= 1
            return call()

    return around


class Turns:
    """Several parties whose calls come in a given order, one at a time.

    Args:
        order: whose turn it is, call by call. Who has ended is passed over; at the end of the order all run freely.
    """

    def __init__(self, order: Sequence[str]) -> None:
        self._order, self._ended = list(order), set[str]()
        self._changed = threading.Condition()

    def of(self, party: str) -> Around:
        """What makes a party wait for its turns."""

        def around(call: Callable[[], Any]) -> Any:
            with self._changed:
                self._changed.wait_for(lambda: self._next() in (party, ""), timeout=60)
                if self._order:
                    self._order.pop(0)
                try:
                    return call()
                finally:
                    self._changed.notify_all()

        return around

    def _next(self) -> str:
        while self._order and self._order[0] in self._ended:
            self._order.pop(0)
        return self._order[0] if self._order else ""

    @contextmanager
    def taking_part(self, party: str, provider: Provider) -> Iterator[None]:
        """A party takes part, with a provider's calls, for as long as the block runs."""
        try:
            with stepping(provider, self.of(party)):
                yield
        finally:
            with self._changed:
                self._ended.add(party)
                self._changed.notify_all()
