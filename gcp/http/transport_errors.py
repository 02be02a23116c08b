"""Why no response of the API came, in words, and what to do about it."""

from __future__ import annotations

import json
import socket
import ssl

import httplib2

from gcp import errors
from gcp.http import ca_bundle
from gcp.http.proxy_tunnel import ProxyRefused

FAILURES = (OSError, httplib2.HttpLib2Error)
"""What httplib2 raises for a failed connection, besides `http.client.HTTPException`."""
_PROXY = "HTTPS_PROXY and NO_PROXY"
_CHECK = f"check tf2-models:endpoint, {_PROXY}"


def failed(where: str, error: BaseException) -> errors.EndpointUnreachable:
    """The error for a failed connection.

    Args:
        where: the endpoint and the method.
        error: one of `FAILURES`, or what a truncated response raises.
    """
    cause, step, lasting = _reason(error, _CHECK)
    return _unreachable(f"no response from {where}: {cause}{step and f'; {step}'}", lasting=lasting)


def no_token(host: str, error: Exception) -> errors.EndpointUnreachable:
    """The error for a failed connection to a token server.

    Args:
        host: of the token server.
        error: google-auth's; its first argument is the connection's error, if there was one.
    """
    inner = error.args[0] if error.args else None
    cause, step, lasting = _reason(inner if isinstance(inner, FAILURES) else error, f"check {_PROXY}")
    return _unreachable(f"no token from {host}: {cause}{step and f'; {step}'}", lasting=lasting)


def foreign(where: str, content: str | bytes, status: int = 200) -> errors.EndpointUnreachable:
    """The error for a response that did not come from the API: a proxy's page, another server's JSON."""
    text = content.decode("utf-8", "replace") if isinstance(content, bytes) else content
    found = errors.plain(" ".join(text.split()), 80)
    cause = f"no response of the API from {where}: got HTTP {status} with {found!r} from a proxy or another server"
    return _unreachable(f"{cause}; {_CHECK}", lasting=400 <= status < 500)


def is_foreign(status: int, content: bytes, uri: str) -> bool:
    """Whether a 4xx did not come from the API, as its body has another shape.

    For downloads and uploads, Cloud Storage itself returns errors as plain text. A 5xx is transient in any case.
    """
    if not content.strip() or not 400 <= status < 500 or "alt=media" in uri or "/upload/" in uri:
        return False
    try:
        answer = json.loads(content)
    except (ValueError, RecursionError):
        return True
    return not isinstance(answer, dict) or "error" not in answer


def _unreachable(text: str, *, lasting: bool) -> errors.EndpointUnreachable:
    error = errors.EndpointUnreachable(text)
    error.lasting = lasting
    return error


def _reason(error: BaseException, check: str) -> tuple[str, str, bool]:
    """Cause, next step (empty if a retry is enough; `check` says what to check), and whether a retry is useless."""
    said = errors.plain(" ".join(str(error).split()) or type(error).__name__, 200)
    if isinstance(error, ssl.SSLCertVerificationError):
        own = f"if it is your own, set {ca_bundle.VARIABLE} to a file with its CA certificate"
        return f"its certificate is not trusted ({error.verify_message})", f"{own}; else {check}", True
    if isinstance(error, ssl.SSLError):
        return f"TLS failed ({error.reason})", f"{check}: scheme and port", True
    if isinstance(error, ProxyRefused):
        return f"the proxy refuses ({said})", check, True
    if isinstance(error, httplib2.ServerNotFoundError | socket.gaierror):
        return f"its name does not resolve ({said})", f"{check}, gcp:region and the network", False
    return said, "", False
