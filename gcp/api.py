"""The one place that calls Google: discovery clients, endpoint, credentials, retries, one HTTP connection per thread.

Calls use google-api-python-client with the discovery documents that it bundles; none is downloaded.
"""

from __future__ import annotations

import contextlib
import copy
import http.client
import json
import random
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from gcp import error_responses, errors
from gcp.clock import Clock, require_not_cancelled
from gcp.credentials import Credentials, endpoint_token
from gcp.discovery_clients import Clients
from gcp.effects import Effects
from gcp.limits import Limits
from gcp.outage import Outage
from gcp.retries import TRANSIENT, Jitter, Tries, retry_after
from gcp.services import Service
from gcp.settings import Settings

TIMEOUT = 60.0
"""Seconds without a byte after which a call fails."""


class Api:
    """Google's APIs at one endpoint. Thread-safe.

    Attributes:
        settings: the endpoint, and the limits on calls.
        outage: whether a read has failed in this run.
        effects: the possible effects of the calls; each `reporting` copy has its own.
        clock: `time`, a clock by which a user can cancel, or a test's own.
    """

    def __init__(self, settings: Settings, *, clock: Clock = time, jitter: Jitter = random.uniform) -> None:
        self.settings = settings
        self.outage = Outage()
        self.effects = Effects()
        self.clock, self._jitter = clock, jitter
        self._local = threading.local()
        self._clients = Clients(settings)
        self._limits: dict[Service, Limits] = {}
        self._lock = threading.Lock()
        self._credentials = Credentials(settings.impersonate)
        self._report: Callable[[str], None] = lambda _: None

    def methods(self, service: Service, path: str) -> Any:
        """The methods of an API's collection, such as `projects.models.versions`."""
        return self._clients.collection(service, path)

    def limits(self, service: Service) -> Limits:
        """The limits on the calls of an API, shared by all threads, and by the versions of the API."""
        service = service.limits_of or service
        with self._lock:
            if service not in self._limits:
                operations = self.settings.operations or service.concurrent_operations
                self._limits[service] = Limits(operations, service.rates(self.settings), self.clock)
            return self._limits[service]

    def reporting(self, report: Callable[[str], None]) -> Api:
        """A copy with the same connections that passes a line to `report` for each retry."""
        bound = copy.copy(self)
        bound._report, bound.effects = report, Effects()
        return bound

    def afterwards(self, seconds: float) -> Api:
        """A copy for reads after a failure or a cancellation: not cancelled, and retried for this many seconds."""
        bound = copy.copy(self)
        bound.settings, bound.clock = replace(self.settings, retry_seconds=seconds), time
        return bound

    def call(self, request: Any, *, repeatable: bool | None = None) -> Any:
        """Executes a request and returns the response.

        Transient failures are retried with backoff for `retry_seconds`. Retried are GETs, requests that `repeatable`
        declares safe, and any request refused for a quota. A retry waits as long as `Retry-After` asks; if that
        exceeds the bound, the call fails at once. Each attempt waits for its turn within the limit on calls per minute.

        Raises:
            ApiError: the API returned an error; one class for each status.
            EndpointUnreachable: no response came.
            NoCredentials: no usable credentials.
            Cancelled: the user cancelled the run; nothing more was sent.
        """
        safe = request.method == "GET" if repeatable is None else repeatable
        tries = Tries(self.settings.retry_seconds, self.clock, self._jitter)
        while True:
            require_not_cancelled(self.clock)
            try:
                with self._turn(request):
                    tries.begin()
                    return self._attempted(request)
            except TRANSIENT as error:
                wait = tries.pause(error, safe=safe)
                if wait is None:
                    raise
                failure = _line(error)
                self._report(f"retrying in {wait:.1f} s: {failure}")
            try:
                self.clock.sleep(wait)
            except errors.Cancelled:
                raise errors.Cancelled(f"cancelled before a retry: {failure}") from None

    def listed(self, methods: Any, key: str, **arguments: Any) -> Iterator[dict[str, Any]]:
        """The items that `list` of a collection returns under `key`; fetches pages as needed. Raises as `call` does."""
        request = methods.list(**arguments)
        while request is not None:
            answer = self.call(request)
            yield from answer.get(key, [])
            request = methods.list_next(request, answer)

    def _turn(self, request: Any) -> contextlib.AbstractContextManager[None]:
        quota = request.service.quota_of(request.methodId)
        rate = self.limits(request.service).rates.get(quota)
        return rate.call(self._report) if rate else contextlib.nullcontext()

    def http(self) -> Any:
        """This thread's connection: httplib2 objects are not thread-safe."""
        if not hasattr(self._local, "http"):
            self._local.http = self._connect()
        return self._local.http

    def _attempted(self, request: Any) -> Any:
        """One attempt; a write is counted in `effects`."""
        if not _writes(request):
            return self._once(request)
        try:
            answer = self._once(request)
        except errors.Error as error:
            self.effects.note_failure(error)
            raise
        self.effects.certain = True
        return answer

    def _once(self, request: Any) -> Any:
        from googleapiclient.errors import HttpError

        from gcp.http import transport_errors

        try:
            answer = request.execute(http=self.http())
        except HttpError as error:
            raise self._refusal(error, request) from None
        except errors.Unauthenticated as error:  # before anything was sent
            error.method = request.methodId
            raise
        except (*transport_errors.FAILURES, http.client.HTTPException, UnicodeDecodeError) as error:
            raise _unheard(request, transport_errors.failed(self.where(request), error)) from None
        if "alt=media" in request.uri or isinstance(answer, tuple):
            return answer  # bytes, or the response to a chunk of an upload, which has checked it itself
        if isinstance(answer, str | bytes) and answer:
            # The client returns a body that is not JSON as text if the status is 2xx: a proxy's page, say.
            raise _unheard(request, transport_errors.foreign(self.where(request), answer))
        if not request.service.is_answer(request.methodId, answer):
            raise _unheard(request, transport_errors.foreign(self.where(request), json.dumps(answer)))
        return answer

    def _refusal(self, error: Any, request: Any) -> errors.Error:
        """The error for an `HttpError`. A status below 400 means that a proxy's page started an upload session."""
        from gcp.http import transport_errors

        status = int(error.resp.status)
        if status < 400 or transport_errors.is_foreign(status, error.content, request.uri):
            return _unheard(request, transport_errors.foreign(self.where(request), error.content, status))
        found = error_responses.from_response(status, error.content, media="alt=media" in request.uri)
        found.method, found.writes, found.is_google = request.methodId, _writes(request), self.settings.is_google
        found.endpoint = self.settings.endpoint if self.settings.anonymous else ""
        found.hint = request.service.hint(found)
        found.retry_after = retry_after(error.resp, self.clock.time())
        return found

    def where(self, request: Any) -> str:
        """Endpoint and method of a request, for messages; for a server on this machine, with a hint."""
        url = urlsplit(request.uri)
        hint = self.settings.local_hint(self.settings.endpoint) if self.settings.anonymous else ""
        return f"{url.scheme}://{url.netloc} to {request.methodId}{hint and f' ({hint})'}"

    def _connect(self) -> Any:
        from gcp.http.connection import Http

        token = "" if self.settings.is_google else endpoint_token()
        http = Http(TIMEOUT, direct=self.settings.anonymous, token=token)
        if self.settings.anonymous or token:
            return http
        from gcp.http.authorized_http import AuthorizedHttp

        credentials, host = self._credentials, urlsplit(self.settings.endpoint).hostname or ""
        return AuthorizedHttp(credentials.get(), http, host=host, principal=credentials.principal)


@cache
def shared(settings: Settings, clock: Clock = time) -> Api:
    """The process's one `Api` for these settings and this clock."""
    return Api(settings, clock=clock)


def _unheard(request: Any, error: errors.EndpointUnreachable) -> errors.EndpointUnreachable:
    """Marks the error as one of a write, which may have taken effect."""
    error.writes = _writes(request)
    return error


def _writes(request: Any) -> bool:
    return request.method != "GET" and not str(request.methodId).endswith(".predict")


def _line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__
