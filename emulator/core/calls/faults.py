"""Fault injection: which calls fail, how, and how often. For tests of clients; none by default.

`PUT /-/faults` replaces all rules by a JSON list of rules; `GET` returns them with how often each still applies;
`DELETE` removes them. They are in memory only. A rule names a method by its id (`ml.projects.models.versions.create`,
or `*` for all), how many `times` it applies (default 1), and one fault:

| key | what happens |
|---|---|
| `status` | 400 to 599: an error in Google's shape, no effect; `message`, `details` (a list of objects, |
| | for APIs that answer them), `retryAfter` (seconds, a header) |
| `html` | 200 to 599: a proxy's page instead of JSON, no effect |
| `drop` | `before` or `after` the call takes effect, the connection is closed without a response |
| `truncate` | the call takes effect; the connection is closed after this many bytes of the response body |
| `delay` | the call takes this many seconds longer |
| `hold` | `before` or `after` it takes effect, the call waits until the rules are replaced or removed |
| `operation` | `error`: the operation that the call starts fails; `code` (google.rpc.Code, default 13), `message` |
| | `never`: it does not end until the rules are replaced or removed |
| | `slow`: it takes at least `seconds` |
| `busy` | `refuse`: the call is refused if another operation runs on its resource, where an API may do so |

The first rule that matches a call and still applies is used.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import orjson

from gcp import errors

ANY = "*"
MESSAGE = "A fault that was asked for."
_EXTRAS: dict[str, tuple[str, ...]] = {
    "status": ("message", "details", "retryAfter"),
    "html": (),
    "drop": (),
    "truncate": (),
    "delay": (),
    "hold": (),
    "operation": ("code", "message", "seconds"),
    "busy": (),
}


def _number(low: float, high: float, *, whole: bool = True) -> Callable[[Any], bool]:
    kinds = (int,) if whole else (int, float)
    return lambda value: isinstance(value, kinds) and not isinstance(value, bool) and low <= value <= high


_VALUES: dict[str, tuple[Callable[[Any], bool], str]] = {
    "times": (_number(1, 10**6), "a number from 1 to 1000000"),
    "status": (_number(400, 599), "a status from 400 to 599"),
    "html": (_number(200, 599), "a status from 200 to 599"),
    "drop": (lambda value: value in ("before", "after"), '"before" or "after"'),
    "truncate": (_number(0, 2**31), "a number of bytes"),
    "delay": (_number(0, 3600, whole=False), "seconds, at most 3600"),
    "hold": (lambda value: value in ("before", "after"), '"before" or "after"'),
    "operation": (lambda value: value in ("error", "never", "slow"), '"error", "never" or "slow"'),
    "busy": (lambda value: value == "refuse", '"refuse"'),
    "seconds": (_number(0, 3600, whole=False), "a number of seconds, at most 3600"),
    "code": (_number(1, 16), "a google.rpc.Code from 1 to 16"),
    "message": (lambda value: isinstance(value, str), "a text"),
    "details": (
        lambda value: isinstance(value, list) and all(isinstance(item, dict) for item in value),
        "a list of objects",
    ),
    "retryAfter": (_number(0, 3600), "whole seconds, at most 3600"),
}


@dataclass(slots=True, kw_only=True)
class Rule:
    """One rule.

    Attributes:
        method: method id, or `*`.
        kind: the key of its fault, `drop`.
        value: what that key says.
        extras: `message`, `details`, `retryAfter`, `code`, `seconds`, where they are given.
        left: how often it still applies.
    """

    method: str
    kind: str
    value: Any
    extras: dict[str, Any]
    left: int

    def to_json(self) -> dict[str, Any]:
        """The rule as `GET` shows it: `times` is what is left of it."""
        return {"method": self.method, "times": self.left, self.kind: self.value, **self.extras}

    def asks(self, kind: str, value: Any = None) -> bool:
        """Whether this is its fault, and its value, where one is given."""
        return self.kind == kind and value in (None, self.value)


def parse(content: bytes, methods: Collection[str]) -> list[Rule]:
    """The rules that a body of `PUT` holds. Raises `InvalidArgument` with the first thing that is wrong."""
    try:
        raw = orjson.loads(content)
    except orjson.JSONDecodeError:
        raw = None
    if not isinstance(raw, list):
        raise errors.InvalidArgument("Faults are a JSON list of rules.")
    return [_rule(item, methods, f"Rule {index}") for index, item in enumerate(raw)]


def _rule(raw: Any, methods: Collection[str], where: str) -> Rule:
    if not isinstance(raw, dict):
        raise errors.InvalidArgument(f"{where} must be an object.")
    if raw.get("method") != ANY and raw.get("method") not in methods:
        raise errors.InvalidArgument(f"{where}: method must be the id of a method, or {ANY!r}.")
    kinds = [kind for kind in _EXTRAS if kind in raw]
    if len(kinds) != 1:
        raise errors.InvalidArgument(f"{where} must have exactly one of {', '.join(_EXTRAS)}.")
    kind = kinds[0]
    unknown = sorted(set(raw) - {"method", "times", kind, *_EXTRAS[kind]})
    if unknown:
        raise errors.InvalidArgument(f"{where}: {unknown[0]} does not go with {kind}.")
    for key in raw.keys() - {"method"}:
        fits, text = _VALUES[key]
        if not fits(raw[key]):
            raise errors.InvalidArgument(f"{where}: {key} must be {text}.")
    extras = {key: raw[key] for key in _EXTRAS[kind] if key in raw}
    return Rule(method=raw["method"], kind=kind, value=raw[kind], extras=extras, left=raw.get("times", 1))


class Faults:
    """The rules of one emulator."""

    def __init__(self) -> None:
        self._rules: list[Rule] = []
        self._removed = asyncio.Event()

    def replace(self, rules: list[Rule]) -> None:
        """Takes the place of the rules before; calls that are held and operations that would never have ended go on."""
        self._rules = rules
        self._removed.set()
        self._removed = asyncio.Event()

    @property
    def any(self) -> bool:
        """Whether there are rules, including those that no longer apply."""
        return bool(self._rules)

    def to_json(self) -> list[dict[str, Any]]:
        """Every rule, those that apply no more among them."""
        return [rule.to_json() for rule in self._rules]

    def take(self, method: str) -> Rule | None:
        """The rule for this call of a method, which then applies once less often; None if the call goes right."""
        for rule in self._rules:
            if rule.left and rule.method in (ANY, method):
                rule.left -= 1
                return rule
        return None

    async def spoil(self) -> None:
        """What a rule asks of the operation whose work begins here; at once where it asks nothing.

        Raises:
            OperationFailed: it is to fail.
        """
        rule = _BENT.get()
        if rule is None:
            return
        if rule.asks("operation", "error"):
            raise errors.OperationFailed(rule.extras.get("message", MESSAGE), rule.extras.get("code", 13))
        if rule.asks("operation", "never"):
            await self.replaced()

    def least_seconds(self) -> float:
        """How long the operation whose work begins here takes at least, as a rule asks."""
        rule = _BENT.get()
        return float(rule.extras.get("seconds", 0.0)) if rule and rule.asks("operation", "slow") else 0.0

    def asked(self, kind: str) -> bool:
        """Whether the rule of the call that is being answered is of this kind."""
        rule = _BENT.get()
        return rule is not None and rule.asks(kind)

    async def replaced(self) -> None:
        """Returns as soon as the rules are others."""
        await self._removed.wait()


# A task inherits it from the call that began the operation: no handler needs to hand it on.
_BENT: ContextVar[Rule | None] = ContextVar("bent", default=None)


@contextmanager
def bending(rule: Rule) -> Iterator[None]:
    """Operations that begin in this block do what the rule says."""
    token = _BENT.set(rule)
    try:
        yield
    finally:
        _BENT.reset(token)
