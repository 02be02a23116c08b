"""Filters, orders and pages of lists.

A filter is `FIELD=VALUE`, `FIELD!=VALUE`, `labels.KEY=VALUE`, `labels.KEY:*` or `labels:KEY`, several joined by `AND`
and `OR`; `OR` binds tighter. `NOT` negates the next term. VALUE may be quoted. Parentheses are not supported.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from emulator.core.google_names import camel
from emulator.hosting import page_tokens
from emulator.rest.request import Request
from gcp import errors

Item = dict[str, Any]
Test = Callable[[Item], bool]

_PAGE, _MOST = 100, 1000
_TERM = r"""\s*(NOT\s+|-)?([A-Za-z_][\w.-]*)\s*(!=|=|:)\s*(?:"([^"]*)"|'([^']*)'|([^\s"'()]+))\s*(AND\s+|OR\s+|$)"""
_ORDERS = {"displayName", "createTime", "updateTime"}


def page(key: str, request: Request, items: Iterable[Item], fields: Mapping[str, Callable[[Item], str]]) -> Item:
    """One page of the items that match the request's filter, in the requested order; `{}` if there are none.

    A page starts after the item in its token, or where that item was if it is gone.

    Args:
        key: the key of the items in the response.
        request: has `filter`, `orderBy`, `pageSize` and `pageToken`.
        items: in the default order.
        fields: further fields for filters, in addition to `display_name` and labels, with functions that read them.

    Raises:
        InvalidArgument: the page size, token, order or filter is not valid.
    """
    test = _filter(request.params.get("filter") or "", fields)
    found = _ordered([item for item in items if test(item)], request.params.get("orderBy") or "")
    size, start = _size(request), _start(request, found)
    answer: Item = {key: found[start : start + size]} if found[start:] else {}
    if len(found) > start + size:
        answer["nextPageToken"] = page_tokens.of(json.dumps([start + size, found[start + size - 1]["name"]]))
    return answer


def _size(request: Request) -> int:
    size: int = request.params.get("pageSize") or _PAGE
    if size < 0:
        raise errors.InvalidArgument("page_size must not be negative.")
    return min(size, _MOST)


def _start(request: Request, found: Sequence[Item]) -> int:
    token = request.params.get("pageToken")
    if not token:
        return 0
    try:
        place, name = json.loads(page_tokens.read(token))
        names = [item["name"] for item in found]
        return names.index(name) + 1 if name in names else int(place)
    except (ValueError, TypeError):
        raise errors.InvalidArgument("page_token is not valid.") from None


def _ordered(items: list[Item], order: str) -> list[Item]:
    for part in reversed([part.strip() for part in order.split(",") if part.strip()]):
        name, _, direction = part.partition(" ")
        field = camel(name)
        if field not in _ORDERS or direction.strip() not in ("", "asc", "desc"):
            raise errors.InvalidArgument(f"order_by must name display_name, create_time or update_time; got {part!r}.")
        items.sort(key=partial(_order_key, field), reverse=direction.strip() == "desc")
    return items


def _order_key(field: str, item: Item) -> str:
    return str(item.get(field, ""))


def _filter(text: str, fields: Mapping[str, Callable[[Item], str]]) -> Test:
    groups: list[list[Test]] = []
    position, joint = 0, "AND"
    while position < len(text.rstrip()):
        term = re.compile(_TERM).match(text, position)
        if term is None:
            raise errors.InvalidArgument(f"The filter {text!r} is not supported.")
        value = next((found for found in term.group(4, 5, 6) if found is not None), "")
        test = _test(term[2], term[3], value, fields)
        test = _negated(test) if term[1] else test
        if joint == "OR":
            groups[-1].append(test)
        else:
            groups.append([test])
        position, joint = term.end(), term[7].strip()
    return lambda item: all(any(test(item) for test in group) for group in groups)


def _negated(test: Test) -> Test:
    return lambda item: not test(item)


def _test(field: str, operator: str, wanted: str, fields: Mapping[str, Callable[[Item], str]]) -> Test:
    known: dict[str, Callable[[Item], str]] = {"displayName": lambda item: item.get("displayName", ""), **fields}
    first, _, key = field.partition(".")
    if first == "labels":
        if operator == ":" and not key:
            return lambda item: wanted in item.get("labels", {})
        if key and operator == ":":
            return lambda item: key in item.get("labels", {}) and wanted in ("*", item["labels"][key])
        if key:
            return lambda item: (item.get("labels", {}).get(key) == wanted) == (operator == "=")
    read = known.get(camel(field))
    if read is None or operator == ":":
        names = ", ".join(sorted({*known, "labels.KEY"}))
        raise errors.InvalidArgument(f"The filter {field}{operator}{wanted} is not supported; fields are {names}.")
    return lambda item: (read(item) == wanted) == (operator == "=")
