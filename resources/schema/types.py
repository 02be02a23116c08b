"""Plain values and their types: checks, and conversion to and from the API's JSON. Pure; knows no Pulumi and no HTTP.

A type is an annotation of a schema: `str`, `bool`, `int`, `float`, `Int64`, `Literal[...]`, `list[T]`, `dict[str, T]`,
`Any`, or a `TypedDict` with Python names (`min_nodes`) for the API's (`minNodes`).
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args, get_origin

from typing_extensions import NotRequired, Required, get_type_hints, is_typeddict

INT64 = "int64"
Int64 = Annotated[int, INT64]
"""An integer that the API's JSON writes as a string."""

FREE = "free text"
Free = Annotated[str, FREE]
"""A text that is neither a name nor a size, so it may be secret."""

Failure = tuple[str, str]
"""The full path of a key, and what is wrong with it."""

if TYPE_CHECKING:
    from pulumi import Input as Input  # noqa: PLC0414 - an explicit re-export, for mypy

    Texts = Mapping[str, Input[Free]]
else:
    Texts = dict[str, Free]

    class Input:
        """At run time, an input's type is its plain type, so that schemas are read without importing Pulumi."""

        def __class_getitem__(cls, item: Any) -> Any:
            """`Input[T]` is `T`."""
            return item


def api_name(name: str) -> str:
    """The API's name for a Python name: `min_nodes` is `minNodes`."""
    head, *tail = name.split("_")
    return head + "".join(part.capitalize() for part in tail)


def join(path: str, key: str | int) -> str:
    """The path of a key below a path: `versions.v1`, `env[0]`."""
    if isinstance(key, int):
        return f"{path}[{key}]"
    return f"{path}.{key}" if path else key


def plain_type(annotation: Any) -> Any:
    """An annotation without its markers: `Required[Annotated[int, ...]]` is `int`; `Int64` stays."""
    while get_origin(annotation) in (Annotated, Required, NotRequired):
        if INT64 in getattr(annotation, "__metadata__", ()):
            return Int64
        annotation = get_args(annotation)[0]
    return annotation


def markers(annotation: Any) -> tuple[Any, ...]:
    """The metadata of an annotation: `...` of `Required[Annotated[int, ...]]`."""
    while get_origin(annotation) in (Required, NotRequired):
        annotation = get_args(annotation)[0]
    found: tuple[Any, ...] = getattr(annotation, "__metadata__", ())
    return found


@cache
def hints(kind: Any) -> dict[str, Any]:
    """Python name -> annotation, with its markers, of each key of a `TypedDict`."""
    return get_type_hints(kind, include_extras=True)


@cache
def members(kind: Any) -> dict[str, Any]:
    """API name -> type of each key of a `TypedDict`."""
    return {api_name(name): plain_type(hint) for name, hint in hints(kind).items()}


def required(kind: Any) -> list[str]:
    """API names of the keys that a `TypedDict` must have.

    `__required_keys__` is not enough: with postponed annotations, it ignores `Required`.
    """
    origins: dict[str, Any] = {name: get_origin(hint) for name, hint in hints(kind).items()}
    return [api_name(name) for name, origin in origins.items() if kind.__total__ or origin is Required]


def to_wire(value: Any, kind: Any) -> Any:
    """A program's value with the API's names. Unknown keys stay, so that `failures` reports them.

    Keys of a `dict[str, T]` are the user's own and stay; so do values that are not plain (an `Output`).
    """
    kind = plain_type(kind)
    if is_typeddict(kind) and isinstance(value, Mapping):
        known = members(kind)
        named = {api_name(str(key)): item for key, item in value.items() if item is not None}
        return {key: to_wire(item, known.get(key, Any)) for key, item in named.items()}
    if get_origin(kind) is list and isinstance(value, list | tuple):
        return [to_wire(item, get_args(kind)[0]) for item in value]
    return value


def to_api(value: Any, kind: Any) -> Any:
    """A value as the API's JSON. The engine passes every number as a float: integers become integers again."""
    kind = plain_type(kind)
    return _walk(value, kind, lambda number: str(int(number)) if kind is Int64 else int(number))


def from_api(value: Any, kind: Any) -> Any:
    """A value of the API's JSON in the form of inputs."""
    return _walk(value, plain_type(kind), int)


def _walk(value: Any, kind: Any, integer: Callable[[Any], Any]) -> Any:
    convert = to_api if integer is not int else from_api
    if kind in (int, Int64) and value is not None:
        return integer(value)
    if is_typeddict(kind) and isinstance(value, Mapping):
        known = members(kind)
        return {key: convert(item, known.get(key, Any)) for key, item in value.items()}
    if get_origin(kind) is list and isinstance(value, list):
        return [convert(item, get_args(kind)[0]) for item in value]
    return value


def project(live: Any, shape: Any) -> Any:
    """The part of a live value that `shape` manages: for a mapping the keys of `shape`, else the whole value.

    The API leaves out zeros, false and empty values, so a missing value equals an empty one in `shape`.
    """
    if isinstance(shape, Mapping) and isinstance(live, Mapping):
        there = {key: item for key, item in shape.items() if key in live or is_empty(item)}
        return {key: project(live[key], item) if key in live else item for key, item in there.items()}
    return live


def table(values: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """The mapping under a name; empty if there is none, or another value."""
    value = values.get(name)
    return value if isinstance(value, Mapping) else {}


def is_empty(value: Any) -> bool:
    """Whether a value is zero, false, empty, or a mapping of such values."""
    return all(map(is_empty, value.values())) if isinstance(value, Mapping) else not value


def failures(value: Any, kind: Any, path: str) -> Iterator[Failure]:
    """What is wrong with a value under the API's names. Values that are not known yet (an `Output`) are not checked."""
    kind = plain_type(kind)
    if kind is Any or _unknown(value):
        return
    if is_typeddict(kind):
        yield from _object_failures(value, kind, path)
    elif get_origin(kind) in (list, dict):
        yield from _collection_failures(value, kind, path)
    elif get_origin(kind) is Literal:
        if value not in get_args(kind):
            yield path, f"must be one of {', '.join(map(str, get_args(kind)))}; it is {format_value(value)}"
    elif not _is_a(value, kind):
        yield path, f"must be {_wanted(value, kind)}; it is {_quoteless(value) if kind is str else format_value(value)}"


def _quoteless(value: Any) -> str:
    """A value found instead of a text, with a hint: YAML reads many unquoted texts as numbers or booleans."""
    name = {bool: "the boolean ", int: "the number ", float: "the number "}.get(type(value), "")
    return f"{name}{format_value(value)}{': put it in quotes' * bool(name)}"


def no_key(key: str, known: Iterable[str]) -> str:
    """Why a key is not allowed: lists the allowed keys, the most similar one first."""
    names = {re.sub("[^a-z0-9]", "", name.lower()): name for name in known}
    like = difflib.get_close_matches(re.sub("[^a-z0-9]", "", key.lower()), names, n=1, cutoff=0.75)
    meant = f"did you mean {names[like[0]]}? The" if like else "the"
    return f"is not a key here; {meant} keys are {', '.join(sorted(names.values()))}"


def _object_failures(value: Any, kind: Any, path: str) -> Iterator[Failure]:
    if not isinstance(value, Mapping):
        yield path, f"must be a mapping; it is {format_value(value)}"
        return
    known = members(kind)
    for key, item in value.items():
        if key not in known:
            yield join(path, str(key)), no_key(str(key), known)
        else:
            yield from failures(item, known[key], join(path, key))
    for key in required(kind):
        if key not in value:
            yield join(path, key), "is missing"


def _collection_failures(value: Any, kind: Any, path: str) -> Iterator[Failure]:
    wanted: tuple[Any, str] = (list, "a list") if get_origin(kind) is list else (Mapping, "a mapping")
    if not isinstance(value, wanted[0]):
        yield path, f"must be {wanted[1]}; it is {format_value(value)}"
        return
    for key, item in enumerate(value) if isinstance(value, list) else value.items():
        if not isinstance(key, int | str) or isinstance(key, bool):
            yield path, f"has the key {key!r}, which is not a string"
        else:
            yield from failures(item, get_args(kind)[-1], join(path, key))


def _is_a(value: Any, kind: Any) -> bool:
    if isinstance(value, bool):
        return kind is bool
    if kind in (int, Int64):
        whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
        return whole and abs(value) < (LARGE if kind is Int64 else SMALL)
    if kind is float:
        return isinstance(value, int | float) and abs(value) < HUGE
    if kind is str:
        return isinstance(value, str) and not SURROGATE.search(value)
    return isinstance(value, kind)


def _wanted(value: Any, kind: Any) -> str:
    """What a value must be, in words; with the bound only if the value exceeds it."""
    if isinstance(value, int | float) and not isinstance(value, bool) and kind in _BOUNDED:
        name, bound = _BOUNDED[kind]
        return name if isinstance(value, float) and kind is not float and value % 1 else f"{name}, {bound}"
    names = {str: "a string in UTF-8" if isinstance(value, str) else "a string", bool: "true or false"}
    return names[kind] if kind in names else _BOUNDED[kind][0]


_BOUNDED: dict[Any, tuple[str, str]] = {
    int: ("a whole number", "of 32 bits"),
    Int64: ("a whole number", "below 2^53"),
    float: ("a number", "and finite"),
}
SURROGATE = re.compile("[\ud800-\udfff]")
"""Half a character, which JSON can express but UTF-8 cannot."""
SMALL, LARGE, HUGE = 2**31, 2**53, 1e308
"""Bounds of numbers: the API's int32; the integers that the engine's doubles represent exactly; infinity."""


def shown(value: Any) -> str:
    """A value for an error message: short, and only the type of a collection."""
    if isinstance(value, Mapping | list):
        return "a mapping" if isinstance(value, Mapping) else "a list"
    if isinstance(value, int) and abs(value) > LARGE:
        return f"a number of {value.bit_length()} bits"  # Python writes no number of more than 4,300 digits
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def format_value(value: Any) -> str:
    """The same for a value of a stack file, in YAML's spelling."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "empty" if value is None else shown(value)


def _unknown(value: Any) -> bool:
    """Whether a value is only known later: an `Output`, an awaitable, or the engine's placeholder."""
    return hasattr(value, "apply") or hasattr(value, "__await__") or value == UNKNOWN


UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""`pulumi.runtime.rpc.UNKNOWN`: the engine's placeholder for a value that is not known yet. A test compares them."""
