"""An unreachable endpoint, or missing credentials: a refresh reports it once, not for each resource."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from gcp import errors

_KINDS = (errors.EndpointUnreachable, errors.NoCredentials, errors.Unauthenticated)
"""Errors that affect every resource of a stack, not one."""


class Reported(Exception):
    """This resource was not read; this run has already reported why."""


class Outage:
    """Whether a read from an endpoint has failed in this process, that is, in this run of the engine. Thread-safe."""

    def __init__(self) -> None:
        self._lock, self._found = threading.Lock(), False

    @contextmanager
    def reported_once(self) -> Iterator[None]:
        """Lets the first failure through, which fails the run.

        Raises:
            Reported: in place of every later failure; after the first one, the block does not run at all.
        """
        if self._found:
            raise Reported
        try:
            yield
        except _KINDS as error:
            with self._lock:
                is_first, self._found = not self._found, True
            if not is_first:
                raise Reported from None
            error.args = (f"{str(error).rstrip('.')}. No other resource was read", *error.args[1:])
            raise
