"""Pages and filters of lists.

A filter is `KEY:VALUE` or `KEY=VALUE`, several joined by `AND`. KEY is a field (`name`, `state`, `description`,
`labels.team`). `=` matches the whole value, `:` a part of it, `:*` any value, and `:` with a `*` at the end of VALUE a
prefix. VALUE may be in double quotes. `name` means the last part of the resource's name. `OR`, `NOT` and parentheses
are not supported and return an error.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from emulator.hosting import page_tokens
from emulator.ml.request_checks import field_error
from emulator.rest.request import Request
from gcp import errors

_PAGE, _MOST = 20, 100
_TERM = re.compile(r'([A-Za-z_][\w.-]*)\s*(:|=)\s*(?:"([^"]*)"|([^\s"()]+))\s*')
_JOIN = re.compile(r"AND\s+")

Test = Callable[[dict[str, Any]], bool]


def page(key: str, request: Request, items: Iterable[dict[str, Any]], *, by: str = "name") -> dict[str, Any]:
    """One page of the items that match the request's filter; `{}` if there are none.

    `items` are sorted by their field `by`. A page starts after the name in its token, so items that are added or
    deleted between two pages do not shift the others.

    Raises:
        InvalidArgument: the page size, token or filter is invalid.
    """
    size, after, test = size_of(request), after_of(request), filter_of(request)
    found = [item for item in items if item[by] > after and test(item)]
    answer: dict[str, Any] = {key: found[:size]} if found else {}
    if len(found) > size:
        answer["nextPageToken"] = token(found[size - 1][by])
    return answer


def size_of(request: Request) -> int:
    """How many items a page has. Raises `InvalidArgument` for a negative number."""
    size: int = request.params.get("pageSize") or _PAGE
    if size < 0:
        raise field_error(errors.InvalidArgument, "pageSize", "The page size must not be negative.")
    return min(size, _MOST)


def token(last: str) -> str:
    """The `nextPageToken` of a page that ends with this item."""
    return page_tokens.of(last)


def after_of(request: Request) -> str:
    """The item after which a page starts; empty for the first page. Raises `InvalidArgument` for an invalid token."""
    try:
        return page_tokens.read(request.params.get("pageToken"))
    except ValueError:
        raise wrong_token() from None


def wrong_token() -> errors.ApiError:
    """The error for an invalid `pageToken`."""
    return field_error(errors.InvalidArgument, "pageToken", "The page token is not valid.")


def filter_of(request: Request) -> Test:
    """A function that tells whether an item matches the request's filter, if any. Raises `InvalidArgument`."""
    text = (request.params.get("filter") or "").strip()
    tests: list[Test] = []
    position = 0
    while position < len(text):
        if tests:
            joint = _JOIN.match(text, position)
            if joint is None:
                raise _unsupported(text)
            position = joint.end()
        term = _TERM.match(text, position)
        if term is None:
            raise _unsupported(text)
        position = term.end()
        tests.append(_test(term[1], term[2], term[3] if term[3] is not None else term[4]))
    return lambda item: all(test(item) for test in tests)


def _unsupported(text: str) -> errors.ApiError:
    reason = f"The filter {text!r} is not supported: write KEY:VALUE or KEY=VALUE, joined by AND."
    return field_error(errors.InvalidArgument, "filter", reason)


def _test(key: str, operator: str, wanted: str) -> Test:
    path = key.split(".", 1)

    def test(item: dict[str, Any]) -> bool:
        value: Any = item
        for part in path:
            value = value.get(part) if isinstance(value, dict) else None
        if key == "name":
            value = value.rpartition("/")[2]
        shown = {True: "true", False: "false"}.get(value, value) if isinstance(value, bool) else value
        if shown is None:
            return False
        if operator == "=":
            return bool(str(shown) == wanted)
        if wanted.endswith("*"):
            return str(shown).startswith(wanted[:-1])
        return wanted in str(shown)

    return test
