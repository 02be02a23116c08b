"""Calls with credentials, which are sent only to Google and to the endpoint, over https."""

from __future__ import annotations

import threading
from typing import Any
from urllib.parse import urlsplit

import google_auth_httplib2
from google.auth import exceptions

from gcp import credentials, errors
from gcp.http import transport_errors
from gcp.settings import is_loopback

GOOGLE = ".googleapis.com"


class _TokenRequest:
    """The transport for token requests; it remembers the last URL."""

    def __init__(self, request: Any) -> None:
        self._request, self.url = request, ""

    def __call__(self, url: str, *values: Any, **options: Any) -> Any:
        self.url = url
        try:
            return self._request(url, *values, **options)
        except OSError as error:
            raise exceptions.TransportError(error) from None  # type: ignore[no-untyped-call]  # it has no types


class AuthorizedHttp(google_auth_httplib2.AuthorizedHttp):  # type: ignore[misc]  # it has no types
    """One thread's connections, with credentials.

    Args:
        credentials: of google-auth.
        http: sends the requests; it must not follow redirects.
        host: the endpoint's host if it is not Google's; else empty.
        principal: the service account that is impersonated, for messages; empty for none.
    """

    _refreshing = threading.Lock()

    def __init__(self, credentials: Any, http: Any, *, host: str = "", principal: str = "") -> None:
        super().__init__(credentials, http=http)
        self._host, self._principal = host, principal
        self._request: _TokenRequest = _TokenRequest(google_auth_httplib2.Request(http))

    def request(self, uri: str, *values: Any, **options: Any) -> Any:
        """As in httplib2.

        Raises:
            NoCredentials: the token was refused, or the request is for another host; nothing was sent.
            EndpointUnreachable: no response from the token server.
        """
        self._refuse_strangers(uri)
        try:
            self._refresh()
            return super().request(uri, *values, **options)
        except exceptions.TransportError as error:
            raise self._no_token_server(error) from None
        except exceptions.RefreshError as error:
            if error.retryable:
                raise self._no_token_server(error) from None
            raise credentials.refused(error, self._request.url, self._principal) from None

    def _refresh(self) -> None:
        """One thread requests a new token; the others wait for it."""
        if not self.credentials.valid:
            with self._refreshing:
                if not self.credentials.valid:
                    self.credentials.refresh(self._request)

    def _refuse_strangers(self, uri: str) -> None:
        url = urlsplit(uri)
        host = url.hostname or ""
        known = host == self._host or host.endswith(GOOGLE)
        if not known or (url.scheme != "https" and not is_loopback(uri)):
            raise errors.NoCredentials(
                f"the endpoint redirects to {url.scheme}://{url.netloc}: credentials are not sent there"
            )

    def _no_token_server(self, error: Exception) -> errors.EndpointUnreachable:
        host = urlsplit(self._request.url).netloc or "the metadata server"
        return transport_errors.no_token(host, error)
