"""Providers whose API calls a test intercepts: to fail after some calls, or to make them in a given order."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from gcp import api, errors
from resources.engine.provider import Provider

Interceptor = Callable[[Callable[[], Any]], Any]
"""Gets a call as a function and returns the response, usually by calling it."""


class InterceptedApi(api.Api):
    """An `Api` that passes each call to an interceptor and uses the connections of another `Api`."""

    def __init__(self, original: api.Api, intercept: Interceptor) -> None:
        vars(self).update(vars(original))
        self._intercept = intercept

    def call(self, request: Any, *, repeatable: bool | None = None) -> Any:
        """Makes a call through the interceptor."""
        return self._intercept(lambda: super(InterceptedApi, self).call(request, repeatable=repeatable))


@contextmanager
def intercepting(provider: Provider, intercept: Interceptor) -> Iterator[None]:
    """Passes the provider's calls to an interceptor during the block."""
    original = provider.api
    provider.api = InterceptedApi(original, intercept)
    try:
        yield
    finally:
        provider.api = original


class Killed(BaseException):
    """Stands for the end of the process: no code catches it."""


def killed_after(calls: int) -> Interceptor:
    """An interceptor that lets this number of calls take effect and then ends the process."""
    return _raise_after(calls, Killed)


def denied_after(calls: int) -> Interceptor:
    """An interceptor that lets this number of calls take effect and then denies permission."""
    return _raise_after(calls, lambda: errors.PermissionDenied("not allowed"))


def _raise_after(calls: int, end: Callable[[], BaseException]) -> Interceptor:
    lock, left = threading.Lock(), [calls]

    def intercept(call: Callable[[], Any]) -> Any:
        with lock:
            if not left[0]:
                raise end()
            left[0] -= 1
            return call()

    return intercept


class Turns:
    """Makes the calls of several parties one at a time, in a given order.

    Args:
        order: the party of each call. Turns of a finished party are skipped; after the last turn all run freely.
    """

    def __init__(self, order: Sequence[str]) -> None:
        self._order, self._ended = list(order), set[str]()
        self._changed = threading.Condition()

    def of(self, party: str) -> Interceptor:
        """The interceptor that makes a party wait for its turns."""

        def intercept(call: Callable[[], Any]) -> Any:
            with self._changed:
                self._changed.wait_for(lambda: self._next() in (party, ""), timeout=60)
                if self._order:
                    self._order.pop(0)
                try:
                    return call()
                finally:
                    self._changed.notify_all()

        return intercept

    def _next(self) -> str:
        while self._order and self._order[0] in self._ended:
            self._order.pop(0)
        return self._order[0] if self._order else ""

    @contextmanager
    def taking_part(self, party: str, provider: Provider) -> Iterator[None]:
        """Gives a party turns for a provider's calls during the block."""
        try:
            with intercepting(provider, self.of(party)):
                yield
        finally:
            with self._changed:
                self._ended.add(party)
                self._changed.notify_all()
