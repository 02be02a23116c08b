"""Where the APIs are, and how they are called: endpoint, region, retries, limits."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from gcp import credentials, errors

GLOBAL, REGIONAL = "global", "regional"
ENDPOINT_VARIABLE = "TF2_MODELS_ENDPOINT"
"""Overrides the configured endpoint; without it, `destroy` and `refresh` use that of the last `up`."""
RETRY_SECONDS, NEAR_RETRY_SECONDS = 30.0, 5.0
"""How long calls are retried. NEAR is for a server on this machine: within 5 s it has restarted, or it does not run."""
MOST_RETRY_SECONDS = 3600
REGION = re.compile(r"[a-z]+-[a-z]+[0-9]+\Z")
_PRIVATE = re.compile(r"[@?#]")
"""Next to these characters, a URL may contain a password or a key."""


def _no_hint(url: str) -> str:
    """No hint."""
    del url
    return ""


DEDICATED_HOST = ".prediction.vertexai.goog"
"""How the hosts of dedicated endpoints of Vertex AI end."""
_GOOGLE = (".googleapis.com", DEDICATED_HOST)
"""How the hosts of Google's APIs end."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Where the APIs are, and how they are called.

    Attributes:
        endpoint: "global" or "regional" for Google's, or the URL of a server with all the APIs, such as the emulator.
        region: for a regional endpoint.
        impersonate: the service account to impersonate; empty for none.
        operations: how many long-running operations of an API run at a time. Default: the API's limit.
        retry_seconds: how long a failing call is retried if it is safe to repeat.
        calls_per_minute: limit on the calls that count against an API's largest quota; its other quotas change by the
            same factor. Default: the quotas; no limit for a server on this machine.
        local_hint: returns a hint about a server on this machine that is unreachable, by its URL.
    """

    endpoint: str = GLOBAL
    region: str = ""
    impersonate: str = ""
    operations: int | None = None
    retry_seconds: float = RETRY_SECONDS
    calls_per_minute: int | None = None
    local_hint: Callable[[str], str] = _no_hint

    @classmethod
    def of(
        cls,
        endpoint: str | None,
        region: str | None,
        *,
        first: str | None = None,
        impersonate: str | None = None,
        operations: str | int | None = None,
        retry_seconds: str | float | None = None,
        calls_per_minute: str | int | None = None,
        local_hint: Callable[[str], str] = _no_hint,
    ) -> Settings:
        """Settings from a stack's configuration and the environment. Raises `InvalidInput` if they are invalid.

        Missing or empty values get their defaults, which differ for a server on this machine. `first` is a command's
        `--endpoint`, which takes precedence over the environment.
        """
        chosen = first or os.environ.get(ENDPOINT_VARIABLE) or endpoint or GLOBAL
        principal = impersonate or os.environ.get(credentials.PRINCIPAL_VARIABLE) or ""
        refuse(chosen, region or "", principal)
        found = cls(
            endpoint=chosen.rstrip("/"),
            region=region or "",
            impersonate=principal,
            operations=int(operations) if operations else None,
            calls_per_minute=int(calls_per_minute) if calls_per_minute else None,
            local_hint=local_hint,
        )
        usual = NEAR_RETRY_SECONDS if found.anonymous else RETRY_SECONDS
        return replace(found, retry_seconds=usual if retry_seconds in (None, "") else float(retry_seconds or 0))

    @property
    def is_place(self) -> bool:
        """Whether the endpoint is the word "global" or "regional", not a URL."""
        return self.endpoint in (GLOBAL, REGIONAL)

    @property
    def anonymous(self) -> bool:
        """Whether calls carry no credentials, as for a server on this machine."""
        return not self.is_google and is_loopback(self.endpoint)

    @property
    def is_google(self) -> bool:
        """Whether the endpoint is Google's. Tokens for other endpoints are not sent to it."""
        host = urlsplit(self.endpoint).hostname or ""
        return self.is_place or f".{host}".endswith(_GOOGLE)


def refuse(endpoint: str, region: str, principal: str) -> None:
    """Raises `InvalidInput` if one of these is invalid."""
    reasons = {
        "endpoint": endpoint_failure(endpoint, region),
        "impersonateServiceAccount": credentials.principal_failure(principal),
    }
    failures = [(key, reason) for key, reason in reasons.items() if reason]
    if failures:
        raise errors.InvalidInput(failures)


def is_loopback(url: str) -> bool:
    """Whether a URL's host is this machine."""
    host = urlsplit(url).hostname or ""
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost"


def is_url(text: str) -> bool:
    """Whether this is the root URL of an HTTP server: scheme, host, optional port, and nothing else."""
    try:
        url = urlsplit(text)
        found = url.scheme in ("http", "https") and _is_host(url.hostname or "") and url.port != 0
    except ValueError:  # an unmatched bracket, a port over 65535
        return False
    return found and "@" not in url.netloc and url.path in ("", "/") and not url.query and not url.fragment


def _is_host(name: str) -> bool:
    """Whether it is a valid host name or address. That of `https://ml..example.com` is not: it cannot be resolved."""
    try:
        return bool(name.encode("idna")) and name.isprintable() and " " not in name
    except UnicodeError:  # a label is empty, too long or has invalid characters
        return False


def endpoint_failure(endpoint: str, region: str) -> str:
    """Why this is not a valid endpoint; empty if it is. Plain http is only allowed to this machine."""
    if endpoint == GLOBAL:
        return ""
    if endpoint == REGIONAL:
        if not region:
            return "regional needs a region: set gcp:region"
        return "" if REGION.match(region) else f"regional needs a region such as us-central1; it is {region!r}"
    if not is_url(endpoint):
        found = "it has more" if _PRIVATE.search(endpoint) else f"it is {endpoint!r}"
        return f"must be global, regional or a URL, https://HOST:PORT and nothing else; {found}"
    url = urlsplit(endpoint)
    if url.scheme == "http" and not is_loopback(endpoint):
        return f"must be https for another machine, so that credentials are encrypted; it is {endpoint!r}"
    return ""
