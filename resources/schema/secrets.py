"""Secrets in a resource's inputs: where they are allowed, and how they are kept out of messages.

Free texts may be secret: descriptions, label values, a container's environment. Names, URIs and sizes may not: the
engine prints them, and the API puts them into URLs. The engine passes secrets in plain text and marks the outputs
itself. A provider learns which inputs are secret from the input `secrets`, a list of paths.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, get_args, get_origin
from urllib.parse import quote

from typing_extensions import is_typeddict

from resources.schema import types
from resources.schema.fields import Schema
from resources.schema.types import Failure, join

NAME = "secrets"
"""The input that lists the secret inputs."""
HIDDEN = "[secret]"
_PART = re.compile(r"[^.\[\]]+")
_SHORTEST_LINE = 8
_SHORTEST_WITHIN = 4
"""Minimum length of a secret that is also hidden inside words; a shorter one occurs in many unrelated words."""


class Secret(str):
    """A secret text: checks see its characters, but it prints as `[secret]`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return HIDDEN

    def __str__(self) -> str:
        return HIDDEN

    def __format__(self, spec: str) -> str:
        return format(HIDDEN, spec)

    def reveal(self) -> str:
        """The text itself."""
        return str.__str__(self)


class Hidden:
    """Hides the secrets of a resource's inputs in texts, ignoring case.

    Secrets of fewer than 4 characters are hidden only as whole words.
    """

    def __init__(self, *states: Mapping[str, Any]) -> None:
        found = {form for state in states for text in _texts(state) for form in _forms(text)}
        longest_first = sorted(found, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(_expression, longest_first)), re.IGNORECASE) if found else None

    def __call__(self, text: str) -> str:
        """The text with each secret replaced by `[secret]`."""
        return self._pattern.sub(HIDDEN, text) if self._pattern else text

    def values(self, state: Mapping[str, Any], names: list[str]) -> dict[str, str]:
        """The texts in these values, with secrets hidden."""
        return {name: self(state[name]) for name in names if isinstance(state.get(name), str)}


def is_secret(state: Mapping[str, Any], path: str) -> bool:
    """Whether a value of a state is secret, contains a secret, or is part of one."""
    return any(_within(path, each) or _within(each, path) for each in state.get(NAME) or ())


def failures(schema: Schema | None, paths: list[str], where: str = "") -> Iterator[Failure]:
    """Those of the paths that must not be secret; without a schema, all."""
    for path in paths:
        if not schema or not may_be_secret(schema, path):
            free = [path for name in schema.hints for path in free_paths(schema, name)] if schema else []
            hint = f"; these may be: {', '.join(free)}" if free else ""
            yield join(where, path), f"must not be secret: names and messages would show it{hint}"


def may_be_secret(schema: Schema, path: str) -> bool:
    """Whether this path of the inputs is free text, or a collection of only free texts."""
    name, *rest = _PART.findall(path)
    return name in schema.hints and _is_free(schema.hints[name], rest)


def free_paths(schema: Schema, name: str) -> list[str]:
    """The paths of free texts in a field: `description`, `labels.*`, `container.env[].value`."""
    return list(_free(schema.hints[name], name))


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Path and value of everything that is not a collection."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from leaves(item, join(path, str(key)))
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from leaves(item, join(path, index))
    else:
        yield path, value


def _texts(state: Mapping[str, Any]) -> Iterator[str]:
    paths = state.get(NAME) or ()
    for path, value in leaves(state):
        if isinstance(value, str) and value.strip() and any(_within(path, each) for each in paths):
            yield value


def _forms(text: str) -> Iterator[str]:
    """The forms in which a message may show a text: quoted, escaped, on one line, each line by itself."""
    yield from (text, " ".join(text.split()), repr(text)[1:-1], quote(text), quote(text, safe=""))
    yield from (json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1])
    yield from (line.strip() for line in text.splitlines() if len(line.strip()) >= _SHORTEST_LINE)


def _expression(form: str) -> str:
    """The pattern that finds it in a message: a short one as a whole word, quoted or not."""
    return re.escape(form) if len(form) >= _SHORTEST_WITHIN else rf"(?<!\w){re.escape(form)}(?!\w)"


def _within(path: str, whole: str) -> bool:
    return path == whole or path.startswith((f"{whole}.", f"{whole}["))


def _is_free(annotation: Any, parts: list[str]) -> bool:
    if _is_marked(annotation):
        return not parts
    kind = types.plain_type(annotation)
    if is_typeddict(kind):
        inner = {types.api_name(key): hint for key, hint in types.hints(kind).items()}
        return bool(parts) and parts[0] in inner and _is_free(inner[parts[0]], parts[1:])
    return get_origin(kind) in (list, dict) and _is_free(get_args(kind)[-1], parts[1:])


def _free(annotation: Any, path: str) -> Iterator[str]:
    kind = types.plain_type(annotation)
    if _is_marked(annotation):
        yield path
    elif is_typeddict(kind):
        for key, hint in types.hints(kind).items():
            yield from _free(hint, join(path, types.api_name(key)))
    elif get_origin(kind) in (list, dict):
        yield from _free(get_args(kind)[-1], f"{path}[]" if get_origin(kind) is list else f"{path}.*")


def _is_marked(annotation: Any) -> bool:
    return types.FREE in types.markers(annotation)
