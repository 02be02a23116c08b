"""A connection that sends a request once: what is sent again, and when, is for `gcp.api` alone to say."""

from __future__ import annotations

import http.client
import time
from typing import Any
from urllib.parse import urlsplit

import httplib2

from gcp.http import proxy_tunnel

IDLE = 60.0
"""Seconds after which a connection is not used any more: it may be closed, on the other side or on the way there."""


_BLOCK = 2**20
"""Bytes of a file that are handed to the system at a time: http.client's own 8 KB make 100,000 calls of a gigabyte."""


class _Once:
    """httplib2 sends any request once more, a POST too, where the connection is closed without an answer."""

    def __init__(self, *values: Any, **options: Any) -> None:
        super().__init__(*values, **options)
        self.blocksize = _BLOCK

    def getresponse(self) -> http.client.HTTPResponse:
        """The answer. Raises `ConnectionResetError` where none comes."""
        try:
            answer: http.client.HTTPResponse = super().getresponse()  # type: ignore[misc]  # of the class beside it
        except (http.client.BadStatusLine, http.client.ResponseNotReady) as error:
            raise ConnectionResetError(f"the connection was closed without an answer: {error}") from None
        return answer


class _Plain(_Once, httplib2.HTTPConnectionWithTimeout):  # type: ignore[misc]  # httplib2 has no types
    """http."""


class _Secure(_Once, httplib2.HTTPSConnectionWithTimeout):  # type: ignore[misc]  # httplib2 has no types
    """https."""


class _Far(_Secure):
    """https to another machine, through a proxy where the environment names one."""

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
        """Follows no redirect: neither API sends any, and what is sent is for the endpoint alone.

        Args:
            timeout: seconds until an answer must have come.
            direct: whether to leave out the proxies that the environment names: for a server on this machine.
            token: sent with every request; empty for none.
        """
        super().__init__(timeout=timeout, proxy_info=None)  # httplib2 passes over proxies, where PySocks is missing
        self._secure = _Secure if direct else _Far
        self.follow_redirects = False
        self._used = 0.0
        self._token = {"authorization": f"Bearer {token}"} if token else {}

    def request(self, uri: str, *values: Any, **options: Any) -> Any:
        """As in httplib2, but sent once."""
        if time.monotonic() - self._used > IDLE:
            self.close()
        kind = self._secure if urlsplit(uri).scheme == "https" else _Plain
        try:
            headers = {**(options.get("headers") or {}), **self._token}
            return super().request(uri, *values, **{**options, "headers": headers, "connection_type": kind})
        except BaseException:  # Ctrl-C among them: what would come next on this connection is the answer to this
            self.close()
            raise
        finally:
            self._used = time.monotonic()
