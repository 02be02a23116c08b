"""Why no answer of the API came, in words, and what to do about it."""

from __future__ import annotations

import json
import socket
import ssl

import httplib2

from gcp import errors
from gcp.http import ca_bundle
from gcp.http.proxy_tunnel import ProxyRefused

FAILURES = (OSError, httplib2.HttpLib2Error)
"""How httplib2 says that there is no connection, beside `http.client.HTTPException`."""
_PROXY = "HTTPS_PROXY and NO_PROXY"
_CHECK = f"check tf2-models:endpoint, {_PROXY}"


def failed(where: str, error: BaseException) -> errors.EndpointUnreachable:
    """The error of a connection that failed.

    Args:
        where: the endpoint and the method.
        error: one of `FAILURES`, or what an answer that is cut short raises.
    """
    cause, step, lasting = _reason(error, _CHECK)
    return _unreachable(f"no answer from {where}: {cause}{step and f'; {step}'}", lasting=lasting)


def no_token(host: str, error: Exception) -> errors.EndpointUnreachable:
    """The error of a connection that failed, where a token is asked for.

    Args:
        host: who gives tokens.
        error: google-auth's, which holds the one of the connection, if it was that.
    """
    inner = error.args[0] if error.args else None
    cause, step, lasting = _reason(inner if isinstance(inner, FAILURES) else error, f"check {_PROXY}")
    return _unreachable(f"no token from {host}: {cause}{step and f'; {step}'}", lasting=lasting)


def foreign(where: str, content: str | bytes, status: int = 200) -> errors.EndpointUnreachable:
    """The error of an answer that is not the API's own: a proxy's page, another server's JSON."""
    text = content.decode("utf-8", "replace") if isinstance(content, bytes) else content
    found = errors.plain(" ".join(text.split()), 80)
    cause = (
        f"no answer of the API from {where}, but HTTP {status} with {found!r}: a proxy or another server answers there"
    )
    return _unreachable(f"{cause}; {_CHECK}", lasting=400 <= status < 500)


def is_foreign(status: int, content: bytes, uri: str) -> bool:
    """Whether a refusal is not the API's own: it has another shape.

    Where bytes are asked for or sent, Cloud Storage itself refuses in plain text; what is 5xx passes, whoever says it.
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
    """Cause, next step where it is not just to try again (by what to check), and whether that is of no use."""
    said = errors.plain(" ".join(str(error).split()) or type(error).__name__, 200)
    if isinstance(error, ssl.SSLCertVerificationError):
        own = f"if it is your own, name a file with its authority in {ca_bundle.VARIABLE}"
        return f"its certificate is not trusted ({error.verify_message})", f"{own}; else {check}", True
    if isinstance(error, ssl.SSLError):
        return f"no TLS is spoken there ({error.reason})", f"{check}: scheme and port", True
    if isinstance(error, ProxyRefused):
        return f"the proxy refuses ({said})", check, True
    if isinstance(error, httplib2.ServerNotFoundError | socket.gaierror):
        return f"its name does not resolve ({said})", f"{check}, gcp:region and the network", False
    return said, "", False
