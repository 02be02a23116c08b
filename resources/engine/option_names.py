"""Translates field names in `pulumi.ResourceOptions` from Python's to the API's, which the engine knows.

The engine silently ignores unknown paths, so an untranslated `ignore_changes=["online_prediction_logging"]` would have
no effect. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, NamedTuple, get_args, get_origin

from typing_extensions import is_typeddict

from resources.schema import types
from resources.schema.fields import Schema
from resources.schema.types import Failure, join

OPTIONS = ("ignore_changes", "replace_on_changes", "additional_secret_outputs")
"""The options that name fields."""
_PART = re.compile(r"""(\["|\[')([^"']+)(["']\])|(\.|\[|^)([^.\[\]"']+)(\]?)""")
"""A part of a path: `["name"]`, or `name`, `.name`, `[0]`, `[*]`. Groups: before the name, the name, after it."""


class Translated(NamedTuple):
    """An option's paths with the API's names, and failures for those that name no field."""

    paths: list[str]
    failures: list[Failure]


def translate(schema: Schema, option: str, paths: Iterable[str], where: str) -> Translated:
    """Translates each part of each path. The user's own keys, such as those of labels, stay.

    Args:
        schema: of the resource.
        option: the option's name, for failures.
        paths: `scaling.min_nodes`, `labels["team"]`, `env[0].value`, `*`, under Python's names or the API's.
        where: the resource, for failures.
    """
    found = Translated([], [])
    for path in paths:
        parts: list[str] = []
        kind: Any = schema.types
        for part in _PART.finditer(path):
            before, given, after = (text for text in part.groups() if text is not None)
            kind, name, reason = _step(kind, given)
            parts.append(f"{before}{name}{after}")
            if reason:
                found.failures.append((join(where, option), f"{path!r}: {given} {reason}"))
                break
        found.paths.append("".join(parts))
    return found


def _step(kind: Any, name: str) -> tuple[Any, str, str]:
    """The type of the named field, its name in the API, and why the name is wrong (empty if it is not)."""
    if kind is Any or name == "*":
        return (kind[1] if isinstance(kind, tuple) else Any), name, ""
    if isinstance(kind, tuple):  # of a collection, with its items
        return kind[1], name, ""
    if not isinstance(kind, dict):
        return Any, name, "is not a field: this value has no fields"
    wire = types.api_name(name)
    if wire not in kind:
        return Any, name, types.no_key(name, map(python_name, kind)).replace("a key here", "a field", 1)
    return _inner(kind[wire]), wire, ""


def _inner(kind: Any) -> Any:
    kind = types.plain_type(kind)
    if is_typeddict(kind):
        return types.members(kind)
    if get_origin(kind) in (list, dict):
        return get_origin(kind), _inner(get_args(kind)[-1])
    return Any if kind is Any else None


def python_name(name: str) -> str:
    """The Python name of an API's name: `minNodes` is `min_nodes`."""
    return re.sub("([A-Z])", lambda found: f"_{found[1].lower()}", name)
