"""An endpoint that gives no answer, or no credentials for it: reported once in a refresh, not for each resource."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from gcp import errors

_KINDS = (errors.EndpointUnreachable, errors.NoCredentials, errors.Unauthenticated)
"""Errors that hit every resource of a stack once they hit one."""


class Reported(Exception):
    """This resource was not read; this run has already reported why."""


class Outage:
    """Whether reading from an endpoint has failed in this process, which serves one run of the engine. Thread-safe."""

    def __init__(self) -> None:
        self._lock, self._found = threading.Lock(), False

    @contextmanager
    def reported_once(self) -> Iterator[None]:
        """Lets the first failure through, which fails the run.

        Raises:
            Reported: on every later failure, and without a call once one was reported.
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
