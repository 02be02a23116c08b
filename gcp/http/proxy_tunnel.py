"""A tunnel through the proxy that the environment names.

httplib2 needs PySocks for that, which has had no release since 2019; without it, it ignores the proxy.
"""

from __future__ import annotations

import base64
import http.client
import socket
import urllib.request
from urllib.parse import unquote, urlsplit

_PORT = 3128


class ProxyRefused(ConnectionError):
    """The proxy does not open a tunnel; its text is the proxy's status line, or why it cannot be asked."""


def proxy_of(host: str) -> str:
    """The proxy for https to a host (HTTPS_PROXY, NO_PROXY, in small letters too); empty where there is none."""
    return "" if urllib.request.proxy_bypass(host) else urllib.request.getproxies().get("https", "")


def tunnel(proxy: str, host: str, port: int, timeout: float) -> socket.socket:
    """A connection to a host through a proxy, by CONNECT.

    Args:
        proxy: `http://USER:PASSWORD@HOST:PORT`; what is before the host may be missing.
        host: where to.
        port: of the host.
        timeout: seconds.

    Raises:
        ProxyRefused: it cannot be reached, or says no.
    """
    try:
        url = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
        where = (url.hostname or "", url.port or _PORT)
    except ValueError:
        raise ProxyRefused("HTTPS_PROXY is no URL") from None
    if url.scheme != "http":
        raise ProxyRefused(f"HTTPS_PROXY begins with {url.scheme}://, and only http:// proxies are supported")
    known = f"{unquote(url.username or '')}:{unquote(url.password or '')}" if url.username else ""
    headers = {"Proxy-Authorization": f"Basic {base64.b64encode(known.encode()).decode()}"} if known else {}
    connection = http.client.HTTPConnection(*where, timeout=timeout)
    connection.set_tunnel(host, port, headers)
    try:
        connection.connect()
    except (OSError, http.client.HTTPException) as error:
        connection.close()
        raise ProxyRefused(f"{where[0]}:{where[1]}: {error}") from None
    found: socket.socket = connection.sock
    return found
