"""Reads of whole small objects, answered without a task, a route or a handler of their own.

A client that reads a data set of many small files sends thousands of requests per second. Such a read is checked,
counted and logged like every other call, by the same functions. The usual path answers everything else: a condition, a
range, a parameter, an object that is large, compressed or missing, an injected fault.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from urllib.parse import unquote

from emulator.core.calls.faults import Faults
from emulator.http.caller_access import Access
from emulator.http.exchange import Exchange
from emulator.rest import response_writer
from emulator.storage import downloads
from emulator.storage.object_store import ObjectStore
from gcp import errors

METHOD = "storage.objects.get"
_PATH = re.compile(r"/(?:download/)?storage/v1/b/([^/%]+)/o/([^/]+)")
_QUERY = "alt=media"
_USUAL = frozenset(
    {
        "accept",
        "accept-encoding",
        "authorization",
        "connection",
        "content-length",
        "content-type",
        "host",
        "user-agent",
        "x-goog-api-client",
        "x-goog-gcs-idempotency-token",
    }
)
"""Headers that do not change the answer to such a read."""


class SmallReads:
    """The fast path.

    Args:
        objects: the buckets and objects.
        access: says who may call.
        faults: the injected faults.
        admit: counts a call of a method. Raises `ResourceExhausted` beyond a quota.
        note: records a call: method, path, status, and when it began.
    """

    def __init__(
        self,
        objects: ObjectStore,
        *,
        access: Access,
        faults: Faults,
        admit: Callable[[str], object],
        note: Callable[[str, str, int, float], None],
    ) -> None:
        self._objects, self._blobs = objects, objects.blobs
        self._access, self._faults = access, faults
        self._admit, self._note = admit, note

    def take(self, exchange: Exchange) -> bool:
        """Answers a request; returns False, having done nothing, if it must take the usual path."""
        head, began = exchange.head, time.perf_counter()
        if head.query != _QUERY or head.verb != "GET" or self._faults.any:
            return False
        found = _PATH.fullmatch(head.raw_path)
        usual = exchange.whole and not exchange.size and head.keep_alive and head.headers.keys() <= _USUAL
        if found is None or not usual:
            return False
        try:
            self._access.check(head.headers)
            name = unquote(found[2], errors="strict")
        except (errors.ApiError, UnicodeDecodeError):  # the usual path answers with the error
            return False
        row = self._objects.live(found[1], name)
        whole = downloads.small(self._blobs, row) if row else None
        if whole is None:
            return False
        headers, content = whole
        try:
            exchange.answer(200, {**response_writer.HARMLESS, **headers}, content)
        except ValueError:  # a header that cannot be sent
            return False
        self._admit(METHOD)
        self._note(METHOD, head.raw_path, 200, began)
        return True
