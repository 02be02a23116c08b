"""Where the APIs are: an endpoint, its region, and how it is called."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import re
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from gcp import credentials, errors
from resources.config.local_endpoint import ENDPOINT_VARIABLE
from resources.ml import quotas
from resources.schema import labels

GLOBAL, REGIONAL = "global", "regional"
GOOGLE = "https://ml.googleapis.com"
"""The global endpoint of `ml`."""
RETRY_SECONDS, NEAR_RETRY_SECONDS = 30.0, 5.0
"""How long calls are repeated; of a server on this machine: it restarts in less, or is not there."""

MOST_RETRY_SECONDS = 3600
_PRIVATE = re.compile(r"[@?#]")
"""After these marks, or before them, a URL may hold a password or a key."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Where the APIs are.

    Attributes:
        endpoint: "global" (Google, https://ml.googleapis.com), "regional" (https://REGION-ml.googleapis.com), or the
            URL of a server that speaks both `ml` and Cloud Storage, such as the emulator's.
        region: for a regional endpoint.
        impersonate: the service account that the credentials act as; empty where they act for themselves.
        operations: how many long-running operations this process has under way at a time.
        retry_seconds: how long a failing call that is safe to repeat is repeated.
        calls_per_minute: how many management calls of `ml` this process makes at most; None where nothing limits them.
    """

    endpoint: str = GLOBAL
    region: str = ""
    impersonate: str = ""
    operations: int = quotas.OPERATIONS
    retry_seconds: float = RETRY_SECONDS
    calls_per_minute: int | None = quotas.CALLS_PER_MINUTE

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
    ) -> Settings:
        """From a stack's configuration and the environment. Raises `InvalidInput` for what cannot be.

        What is not given, or empty, has its default: that of Google, or that of a server on this machine. `first` is
        an endpoint that comes before the environment's: a command's own option.
        """
        chosen = first or os.environ.get(ENDPOINT_VARIABLE) or endpoint or GLOBAL
        principal = impersonate or os.environ.get(credentials.PRINCIPAL_VARIABLE) or ""
        refuse(chosen, region or "", principal)
        usual = cls(endpoint=chosen.rstrip("/"), region=region or "", impersonate=principal)._with_usual_bounds()
        return replace(
            usual,
            operations=int(operations or usual.operations),
            retry_seconds=usual.retry_seconds if retry_seconds in (None, "") else float(retry_seconds or 0),
            calls_per_minute=int(calls_per_minute) if calls_per_minute else usual.calls_per_minute,
        )

    def _with_usual_bounds(self) -> Settings:
        near = replace(self, retry_seconds=NEAR_RETRY_SECONDS, calls_per_minute=None)
        return near if self.anonymous else self

    def root(self, service: str) -> str | None:
        """The root URL of a service; None for the one in its discovery document."""
        if self.endpoint == REGIONAL and service == "ml":
            return f"https://{self.region}-ml.googleapis.com/"
        return None if self.endpoint in (GLOBAL, REGIONAL) else f"{self.endpoint}/"

    @property
    def url(self) -> str:
        """Where `ml` is, without a slash at the end."""
        return (self.root("ml") or GOOGLE).rstrip("/")

    @property
    def anonymous(self) -> bool:
        """Whether calls carry no credentials: to a server on this machine."""
        return not self.is_google and is_loopback(self.endpoint)

    @property
    def is_google(self) -> bool:
        """Whether the endpoint is Google's own, which no other's token may reach."""
        host = urlsplit(self.endpoint).hostname or ""
        return self.endpoint in (GLOBAL, REGIONAL) or f".{host}".endswith(".googleapis.com")


def refuse(endpoint: str, region: str, principal: str) -> None:
    """Raises `InvalidInput` where one of these cannot be."""
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
    """Whether this is the root of an HTTP server: a scheme, a host, perhaps a port, and nothing else."""
    try:
        url = urlsplit(text)
        found = url.scheme in ("http", "https") and _is_host(url.hostname or "") and url.port != 0
    except ValueError:  # a bracket without its pair, a port over 65535
        return False
    return found and "@" not in url.netloc and url.path in ("", "/") and not url.query and not url.fragment


def _is_host(name: str) -> bool:
    """Whether it may be a host's name or address; that of `https://ml..example.com` cannot even be looked for."""
    try:
        return bool(name.encode("idna")) and name.isprintable() and " " not in name
    except UnicodeError:  # a label is empty or longer than 63 characters, or holds what no name does
        return False


def endpoint_failure(endpoint: str, region: str) -> str:
    """Why this is no endpoint; empty if it is one. Credentials are never sent over plain http to another machine."""
    if endpoint == GLOBAL:
        return ""
    if endpoint == REGIONAL:
        if not region:
            return "regional needs a region: set gcp:region"
        return "" if labels.REGION.match(region) else f"regional needs a region, us-central1; it is {region!r}"
    if not is_url(endpoint):
        told = "it has more" if _PRIVATE.search(endpoint) else f"it is {endpoint!r}"
        return f"must be global, regional or a URL, https://HOST:PORT and nothing else; {told}"
    url = urlsplit(endpoint)
    if url.scheme == "http" and not is_loopback(endpoint):
        return f"must be https for another machine, so that no credentials travel in the clear; it is {endpoint!r}"
    return ""
