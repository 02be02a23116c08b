"""The one seam to Google: discovery clients, endpoint, credentials, retries, one HTTP connection per thread.

Calls go through google-api-python-client, with the discovery documents that it bundles: nothing is fetched to start.
"""

from __future__ import annotations

import contextlib
import copy
import http.client
import ipaddress
import json
import os
import random
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from resources import errors

ENDPOINT_VARIABLE = "TF2_MODELS_ENDPOINT"
"""Overrides the configured endpoint: `destroy` and `refresh` see the configuration of the last `up`."""

SCOPES = ("https://www.googleapis.com/auth/cloud-platform",)
RETRIED = (errors.ResourceExhausted, errors.Unavailable, errors.Internal, errors.DeadlineExceeded)
NEAR_RETRY_SECONDS = 5.0
"""How long calls to a server on this machine are repeated: it restarts in less, or is not there."""
GLOBAL, REGIONAL = "global", "regional"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Where the APIs are.

    Attributes:
        endpoint: "global" (Google, https://ml.googleapis.com), "regional" (https://REGION-ml.googleapis.com), or the
            URL of a server that speaks both `ml` and Cloud Storage, such as the emulator's.
        region: for a regional endpoint.
        operations: how many long-running operations this process has under way at a time; Google's quota is 10.
        retry_seconds: how long a failing call that is safe to repeat is repeated.
    """

    endpoint: str = GLOBAL
    region: str = ""
    operations: int = 10
    retry_seconds: float = 30.0

    @classmethod
    def of(cls, endpoint: str | None, region: str | None, operations: str | int | None = None) -> Settings:
        """From a stack's configuration and the environment. Raises `InvalidInput` for what is no endpoint."""
        chosen = os.environ.get(ENDPOINT_VARIABLE) or endpoint or GLOBAL
        reason = endpoint_failure(chosen, region or "")
        if reason:
            raise errors.InvalidInput([("endpoint", reason)])
        places = int(operations or cls.operations)
        found = cls(endpoint=chosen.rstrip("/"), region=region or "", operations=places)
        return replace(found, retry_seconds=NEAR_RETRY_SECONDS) if found.anonymous else found

    def root(self, service: str) -> str | None:
        """The root URL of a service; None for the one in its discovery document."""
        if self.endpoint == REGIONAL and service == "ml":
            return f"https://{self.region}-ml.googleapis.com/"
        return None if self.endpoint in (GLOBAL, REGIONAL) else f"{self.endpoint}/"

    @property
    def anonymous(self) -> bool:
        """Whether calls carry no credentials: to a server on this machine."""
        return self.endpoint not in (GLOBAL, REGIONAL) and is_loopback(self.endpoint)


def is_loopback(url: str) -> bool:
    """Whether a URL's host is this machine."""
    host = urlsplit(url).hostname or ""
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost"


def is_url(text: str) -> bool:
    """Whether this is the root of an HTTP server: a scheme, a host, perhaps a port, and nothing else."""
    try:
        url = urlsplit(text)
        found = url.scheme in ("http", "https") and bool(url.hostname) and url.port != 0
    except ValueError:  # a bracket without its pair, a port over 65535
        return False
    return found and "@" not in url.netloc and url.path in ("", "/") and not url.query and not url.fragment


def endpoint_failure(endpoint: str, region: str) -> str:
    """Why this is no endpoint; empty if it is one. Credentials are never sent over plain http to another machine."""
    if endpoint == GLOBAL:
        return ""
    if endpoint == REGIONAL:
        return "" if region else "regional needs a region: set gcp:region"
    if not is_url(endpoint):
        return f"must be global, regional or a URL; it is {endpoint!r}"
    url = urlsplit(endpoint)
    if url.scheme == "http" and not is_loopback(endpoint):
        return f"must be https for another machine, so that no credentials travel in the clear; it is {endpoint!r}"
    return ""


class Places:
    """A bound on what runs at a time."""

    def __init__(self, count: int) -> None:
        self._free = threading.BoundedSemaphore(count)

    @contextlib.contextmanager
    def taken(self, waiting: Callable[[], None]) -> Iterator[None]:
        """One place for as long as the block runs; says that it is `waiting` if none is free."""
        if not self._free.acquire(blocking=False):
            waiting()
            self._free.acquire()
        try:
            yield
        finally:
            self._free.release()


class Api:
    """Google's services at one endpoint, for use by many threads."""

    def __init__(self, settings: Settings, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self.settings = settings
        self.places = Places(settings.operations)
        self._sleep = sleep
        self._local = threading.local()
        self._services: dict[str, Any] = {}
        self._credentials: list[Any] = []
        self._report: Callable[[str], None] = lambda _: None
        self._lock = threading.Lock()

    @property
    def ml(self) -> Any:
        """The `ml` v1 service of google-api-python-client."""
        return self._service("ml", "v1")

    @property
    def storage(self) -> Any:
        """The `storage` v1 service of google-api-python-client."""
        return self._service("storage", "v1")

    def reporting(self, report: Callable[[str], None]) -> Api:
        """The same, with the same connections; `report` is told of every call that is made once more."""
        bound = copy.copy(self)
        bound._report = report
        return bound

    def call(self, request: Any, *, repeatable: bool | None = None) -> Any:
        """Executes a request of one of the services and returns its answer.

        A call that failed for a passing reason is repeated, backed off, within `retry_seconds`, if that is safe: if it
        is a GET, or `repeatable` says so; and any call that was refused for a quota. Where the API says how long to
        wait (`Retry-After`), it is not called sooner; and not again at all, where that is beyond the bound.

        Raises:
            ApiError: the API's own refusal, by its class.
            EndpointUnreachable: no answer came.
        """
        safe = request.method == "GET" if repeatable is None else repeatable
        deadline, pause = time.monotonic() + self.settings.retry_seconds, 0.2
        while True:
            try:
                return self._once(request)
            except (errors.EndpointUnreachable, *RETRIED) as error:
                passing = safe or isinstance(error, errors.ResourceExhausted)
                wait = max(pause * random.uniform(0.5, 1.0), _asked(error))  # noqa: S311 - jitter, not a secret
                if not passing or time.monotonic() + wait > deadline:
                    raise
                self._report(f"trying again in {wait:.1f} s: {_line(error)}")
            self._sleep(wait)
            pause = min(pause * 2, 8.0)

    def http(self) -> Any:
        """This thread's connection: httplib2 objects are not for sharing."""
        if not hasattr(self._local, "http"):
            self._local.http = self._connect()
        return self._local.http

    def _once(self, request: Any) -> Any:
        import httplib2
        from google.auth import exceptions
        from googleapiclient.errors import HttpError

        try:
            answer = request.execute(http=self.http())
        except HttpError as error:
            if int(error.resp.status) < 400:  # an upload session that began with a proxy's page
                raise self._no_answer(request, error.content) from None
            raise _refusal(error) from None
        except exceptions.GoogleAuthError as error:
            raise errors.Unauthenticated(f"no usable credentials: {_line(error)}") from None
        except (OSError, http.client.HTTPException, httplib2.HttpLib2Error, UnicodeDecodeError) as error:
            raise errors.EndpointUnreachable(f"no answer from {self.where(request)}: {_line(error)}") from None
        if isinstance(answer, str | bytes) and answer and "alt=media" not in request.uri:
            # Where no JSON came, the client hands over whatever came with a good status: a proxy's page, say.
            raise self._no_answer(request, answer)
        return answer

    def _no_answer(self, request: Any, content: str | bytes) -> errors.EndpointUnreachable:
        text = content.decode("utf-8", "replace") if isinstance(content, bytes) else content
        found = f"{' '.join(text.split())[:80]!r}"
        return errors.EndpointUnreachable(f"no answer of the API from {self.where(request)}, but {found}")

    def where(self, request: Any) -> str:
        """The endpoint of a request, for messages, with what to do where it is the emulator's."""
        url = urlsplit(request.uri)
        hint = " (is the emulator up? `python -m emulator up`)" if self.settings.anonymous else ""
        return f"{url.scheme}://{url.netloc}{hint}"

    def _connect(self) -> Any:
        import google_auth_httplib2
        from googleapiclient.http import build_http

        http = build_http()
        if self.settings.anonymous:
            return http
        return google_auth_httplib2.AuthorizedHttp(self._default_credentials(), http=http)

    def _default_credentials(self) -> Any:
        import google.auth
        from google.auth import exceptions

        with self._lock:
            if not self._credentials:
                try:
                    self._credentials.append(google.auth.default(scopes=SCOPES)[0])
                except exceptions.DefaultCredentialsError:
                    raise errors.Unauthenticated("no credentials on this machine") from None
            return self._credentials[0]

    def _service(self, name: str, version: str) -> Any:
        from googleapiclient import discovery, discovery_cache
        from googleapiclient.http import HttpMock

        with self._lock:
            if name not in self._services:
                document = json.loads(discovery_cache.get_static_doc(name, version))
                root = self.settings.root(name)
                if root:  # `client_options.api_endpoint` would send media uploads to https
                    document["rootUrl"] = root
                    document.pop("mtlsRootUrl", None)
                # Every call brings its thread's own connection; this one is never used.
                self._services[name] = discovery.build_from_document(document, http=HttpMock())
            return self._services[name]


@cache
def shared(settings: Settings) -> Api:
    """The process's one `Api` for these settings."""
    return Api(settings)


LOGIN = "(run `gcloud auth application-default login`, or set GOOGLE_APPLICATION_CREDENTIALS)"


def _refusal(error: Any) -> errors.ApiError:
    """The error that an `HttpError` means. `Retry-After` counts where it is in seconds; a date is not read."""
    found = errors.from_response(int(error.resp.status), error.content)
    asked = str(error.resp.get("retry-after", ""))
    found.retry_after = float(asked) if asked.isdecimal() else 0.0
    return found


def _asked(error: errors.Error) -> float:
    return error.retry_after if isinstance(error, errors.ApiError) else 0.0


def _line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__
