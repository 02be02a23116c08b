"""A connection that never retries by itself: only `gcp.api` decides what is retried."""

from __future__ import annotations

import http.client
import time
from typing import Any
from urllib.parse import urlsplit

import httplib2

from gcp.http import proxy_tunnel

IDLE = 60.0
"""Seconds after which an idle connection is replaced: the server or a middlebox may have closed it."""


_BLOCK = 2**20
"""Bytes of a file per write: http.client's default of 8 KB needs 100,000 calls for a gigabyte."""


class _NoRetry:
    """Stops httplib2 from resending a request, even a POST, if the connection is closed without a response."""

    def __init__(self, *values: Any, **options: Any) -> None:
        super().__init__(*values, **options)
        self.blocksize = _BLOCK

    def getresponse(self) -> http.client.HTTPResponse:
        """The response. Raises `ConnectionResetError` if none comes."""
        try:
            answer: http.client.HTTPResponse = super().getresponse()  # type: ignore[misc]  # of the class beside it
        except (http.client.BadStatusLine, http.client.ResponseNotReady) as error:
            raise ConnectionResetError(f"the connection was closed without a response: {error}") from None
        return answer


class _Http(_NoRetry, httplib2.HTTPConnectionWithTimeout):  # type: ignore[misc]  # httplib2 has no types
    """http."""


class _Https(_NoRetry, httplib2.HTTPSConnectionWithTimeout):  # type: ignore[misc]  # httplib2 has no types
    """https."""


class _ProxiedHttps(_Https):
    """https through the proxy that the environment names, if any."""

    def connect(self) -> None:
        """As in httplib2. Raises `ProxyRefused`."""
        proxy = proxy_tunnel.proxy_of(self.host)
        if not proxy:
            super().connect()
            return
        plain = proxy_tunnel.tunnel(proxy, self.host, self.port, self.timeout)
        try:
            self.sock = self._context.wrap_socket(plain, server_hostname=self.host)
        except OSError:
            plain.close()
            raise


class Http(httplib2.Http):  # type: ignore[misc]  # httplib2 has no types
    """One thread's connections."""

    def __init__(self, timeout: float, *, direct: bool = False, token: str = "") -> None:
        """Follows no redirects: the APIs send none, and credentials must not reach another host.

        Args:
            timeout: seconds without a byte until a call fails.
            direct: whether to ignore the environment's proxies, for a server on this machine.
            token: sent with every request; empty for none.
        """
        super().__init__(timeout=timeout, proxy_info=None)  # without PySocks, httplib2 ignores proxies
        self._secure = _Https if direct else _ProxiedHttps
        self.follow_redirects = False
        self._used = 0.0
        self._token = {"authorization": f"Bearer {token}"} if token else {}

    def request(self, uri: str, *values: Any, **options: Any) -> Any:
        """As in httplib2, without its retries."""
        if time.monotonic() - self._used > IDLE:
            self.close()
        kind = self._secure if urlsplit(uri).scheme == "https" else _Http
        try:
            headers = {**(options.get("headers") or {}), **self._token}
            return super().request(uri, *values, **{**options, "headers": headers, "connection_type": kind})
        except BaseException:  # Ctrl-C too: the next request on this connection would get this one's response
            self.close()
            raise
        finally:
            self._used = time.monotonic()
