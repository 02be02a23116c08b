"""What this package must know of an API to call it: one `Service` per API, handed in by whoever calls."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from gcp import errors
from gcp.settings import GLOBAL, REGIONAL, Settings

_NAMED = frozenset({"get", "insert", "create", "patch"})
CONCURRENT_OPERATIONS = 10


@dataclass(frozen=True, kw_only=True, eq=False)
class Service:
    """An API of Google's.

    Attributes:
        name: how its discovery document and its method ids call it: "ml".
        version: of the API.
        document: returns its discovery document, JSON. Default: the one that google-api-python-client bundles.
        global_root: its root URL for the endpoint "global", with a slash at the end; it may hold `{region}`. Empty for
            the one in its document.
        regional_root: the same for the endpoint "regional".
        operations: the collections of its long-running operations, "projects.operations"; none by default. The name
            that a method answers with is the `name` of their `get`.
        concurrent_operations: how many operations may be under way at a time, where the user does not say.
        calls_per_minute: Google's quota on the calls that count; None for no quota.
        is_counted: whether a call of this method id counts. The id is None for a request that no document describes.
        named: the verbs that answer with one resource or one operation, and so with a name.
        name_keys: collection -> the key of that name, where it is not "name".
        hints: class of an error -> what to do about it, where this API differs from others.
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
        """The collection of operations that one of this name is in; the first where the name is of none of them."""
        collection = ".".join(name.split("/")[::2])
        return collection if collection in self.operations else self.operations[0]

    def root(self, settings: Settings) -> str | None:
        """Its root URL at an endpoint, with a slash at the end; None for the one in its document."""
        if not settings.is_place:
            return f"{settings.endpoint}/"
        root = {GLOBAL: self.global_root, REGIONAL: self.regional_root}[settings.endpoint]
        return root.format(region=settings.region) or None

    def url(self, settings: Settings) -> str:
        """Where it is, without a slash at the end."""
        return (self.root(settings) or f"https://{self.name}.googleapis.com").rstrip("/")

    def rate(self, settings: Settings) -> int | None:
        """How many counted calls per minute an endpoint takes; None for no limit. A server on this machine has none."""
        return settings.calls_per_minute or (None if settings.anonymous else self.calls_per_minute)

    def is_answer(self, method: str | None, answer: object) -> bool:
        """Whether the JSON of a successful response may be this API's: a resource has its name, a list is an object.

        Args:
            method: id of the API method; None for a request that no document describes.
            answer: the JSON value.
        """
        *_, collection, verb = (method or "..").split(".")
        if verb in self.named:
            return isinstance(answer, dict) and isinstance(answer.get(self.name_keys.get(collection, "name")), str)
        return verb != "list" or isinstance(answer, dict)
