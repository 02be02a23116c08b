"""Trusted certificates: httplib2's own, or those in a file that the environment names."""

from __future__ import annotations

import os
import ssl
from functools import cache

from gcp import errors

VARIABLE = "HTTPLIB2_CA_CERTS"


@cache
def check() -> None:
    """Raises `EndpointUnreachable` if the environment names a file without valid certificates."""
    file = os.environ.get(VARIABLE)
    if file is None:
        return
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(file)
    except OSError as error:
        reason = "it holds no certificates" if isinstance(error, ssl.SSLError) else error.strerror
        found = errors.EndpointUnreachable(
            f"{VARIABLE} names a file that cannot be used: {reason}; name one with certificates in PEM, or unset it"
        )
        found.lasting = True
        raise found from None
