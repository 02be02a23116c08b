"""What this package must know about an API to call it: one `Service` per API, passed in by the caller."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from gcp import errors
from gcp.settings import GLOBAL, REGIONAL, Settings

_NAMED = frozenset({"get", "insert", "create", "patch"})
CONCURRENT_OPERATIONS = 10


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
        calls_per_minute: Google's quota on counted calls; None for no quota.
        is_counted: whether a call of this method id counts against the quota. The id is None for a request that no
            document describes.
        named: the verbs that return a resource or an operation, which have a name.
        name_keys: collection -> the key that holds the name, where it is not "name".
        hints: error class -> advice that is specific to this API.
    """

    name: str
    version: str = "v1"
    document: Callable[[], str] | None = None
    global_root: str = ""
    regional_root: str = ""
    operations: tuple[str, ...] = ()
    concurrent_operations: int = CONCURRENT_OPERATIONS
    calls_per_minute: int | None = None
    is_counted: Callable[[str | None], bool] = lambda _: False
    named: frozenset[str] = _NAMED
    name_keys: Mapping[str, str] = field(default_factory=dict)
    hints: Mapping[type[errors.Error], str] = field(default_factory=dict)

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

    def rate(self, settings: Settings) -> int | None:
        """Limit on counted calls per minute; None for no limit, the default for a server on this machine."""
        return settings.calls_per_minute or (None if settings.anonymous else self.calls_per_minute)

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
