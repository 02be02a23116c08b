"""A tunnel through the proxy that the environment names.

httplib2 would need PySocks, which has had no release since 2019; without it, httplib2 ignores the proxy.
"""

from __future__ import annotations

import base64
import http.client
import socket
import urllib.request
from urllib.parse import unquote, urlsplit

_PORT = 3128


class ProxyRefused(ConnectionError):
    """The proxy did not open a tunnel. The text is its status line, or why it is unreachable."""


def proxy_of(host: str) -> str:
    """The proxy for https to a host, from HTTPS_PROXY and NO_PROXY (or lowercase); empty for none."""
    return "" if urllib.request.proxy_bypass(host) else urllib.request.getproxies().get("https", "")


def tunnel(proxy: str, host: str, port: int, timeout: float) -> socket.socket:
    """A connection to a host through a proxy, by CONNECT.

    Args:
        proxy: `http://USER:PASSWORD@HOST:PORT`; the scheme and the user are optional.
        host: to connect to.
        port: of the host.
        timeout: seconds.

    Raises:
        ProxyRefused: the proxy is unreachable or refuses.
    """
    try:
        url = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
        where = (url.hostname or "", url.port or _PORT)
    except ValueError:
        raise ProxyRefused("HTTPS_PROXY is not a valid URL") from None
    if url.scheme != "http":
        raise ProxyRefused(f"HTTPS_PROXY starts with {url.scheme}://, but only http:// proxies are supported")
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
