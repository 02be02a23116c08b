"""Descriptors of APIs: callers pass in one `Service` per API."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from gcp import errors
from gcp.settings import GLOBAL, REGIONAL, Settings

_NAMED = frozenset({"get", "insert", "create", "patch"})
CONCURRENT_OPERATIONS = 10


@dataclass(frozen=True, kw_only=True, eq=False)
class Quota:
    """How many calls per minute an API allows a project.

    Attributes:
        per_minute: how many.
        counts: whether a call of this method id counts. The id is None for a request that no document describes.
    """

    per_minute: int
    counts: Callable[[str | None], bool]


@dataclass(frozen=True)
class Hint:
    """Advice that is specific to an API.

    Attributes:
        text: what to do.
        of: the errors that it applies to.
        words: a pattern that the API's message must contain, in any case. Default: any message.
    """

    text: str
    of: tuple[type[errors.Error], ...]
    words: str = ""


@dataclass(frozen=True, kw_only=True, eq=False)
class Service:
    """One of Google's APIs.

    Attributes:
        name: its name in the discovery document and in method ids: "ml".
        version: of the API.
        document: returns its discovery document, JSON. Default: the one that google-api-python-client bundles.
        global_root: its root URL for the endpoint "global", with a slash at the end; may contain `{region}`. Empty for
            the one in its document.
        regional_root: the same for the endpoint "regional".
        operations: the collections of its long-running operations, such as "projects.operations". Default: none. An
            operation's name is the parameter `name` of their `get`.
        concurrent_operations: default for how many operations may run at a time.
        quotas: Google's quotas on its calls. A call counts against the first one that counts it.
        limits_of: the service whose limits also hold for this one, such as another version of the same API; None for
            limits of its own.
        named: the verbs that return a resource or an operation, which have a name.
        name_keys: collection -> the key that holds the name, where it is not "name".
        hints: advice on its errors; the first one that fits is given.
    """

    name: str
    version: str = "v1"
    document: Callable[[], str] | None = None
    global_root: str = ""
    regional_root: str = ""
    operations: tuple[str, ...] = ()
    concurrent_operations: int = CONCURRENT_OPERATIONS
    quotas: tuple[Quota, ...] = ()
    limits_of: Service | None = None
    named: frozenset[str] = _NAMED
    name_keys: Mapping[str, str] = field(default_factory=dict)
    hints: tuple[Hint, ...] = ()

    def operations_with(self, name: str) -> str:
        """The collection that holds the operation of this name; the first one if none matches."""
        collection = ".".join(name.split("/")[::2])
        return collection if collection in self.operations else self.operations[0]

    def root(self, settings: Settings) -> str | None:
        """Its root URL at the configured endpoint, with a slash at the end; None for the one in its document."""
        if not settings.is_place:
            return f"{settings.endpoint}/"
        root = {GLOBAL: self.global_root, REGIONAL: self.regional_root}[settings.endpoint]
        return root.format(region=settings.region) or None

    def url(self, settings: Settings) -> str:
        """Its root URL, without a slash at the end."""
        return (self.root(settings) or f"https://{self.name}.googleapis.com").rstrip("/")

    def quota_of(self, method: str | None) -> Quota | None:
        """The quota against which a call of this method id counts; None if there is none."""
        return next((quota for quota in self.quotas if quota.counts(method)), None)

    def rates(self, settings: Settings) -> dict[Quota, int]:
        """Limits on the calls per minute of each quota; none for a server on this machine, unless the user sets one.

        `calls_per_minute` of the settings is that of the largest quota; the others are changed by the same factor.
        """
        if not self.quotas or (settings.anonymous and not settings.calls_per_minute):
            return {}
        largest = max(quota.per_minute for quota in self.quotas)
        wanted = settings.calls_per_minute or largest
        return {quota: max(1, quota.per_minute * wanted // largest) for quota in self.quotas}

    def hint(self, error: errors.Error) -> str:
        """Advice that is specific to this API; empty for the usual advice."""
        fits = (h for h in self.hints if isinstance(error, h.of) and re.search(h.words, str(error), re.IGNORECASE))
        return next((each.text for each in fits), "")

    def is_answer(self, method: str | None, answer: object) -> bool:
        """Whether a successful response looks like this API's: a resource has a name, a list is an object.

        Args:
            method: id of the API method; None for a request that no document describes.
            answer: the JSON value.
        """
        *_, collection, verb = (method or "..").split(".")
        if verb in self.named:
            return isinstance(answer, dict) and isinstance(answer.get(self.name_keys.get(collection, "name")), str)
        return verb != "list" or isinstance(answer, dict)
