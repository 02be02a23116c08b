"""Entries of a stack file: separates the program's own keys from the API's fields, and finds invalid ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from resources.schema import types
from resources.schema.fields import Schema
from resources.schema.types import Failure, join


class Section(NamedTuple):
    """A part of a configuration: its path, its values, and the schema that says which of its texts may be secret.

    Without a schema, none may be secret.
    """

    path: str
    values: Mapping[str, Any]
    schema: Schema | None


def mapping(value: Any) -> dict[str, Any]:
    """A mapping with its keys as strings; empty for any other value."""
    return {str(key): item for key, item in value.items()} if isinstance(value, Mapping) else {}


def split(entry: Any, extras: type) -> tuple[dict[str, Any], dict[str, Any]]:
    """The program's own keys of an entry, and its fields of the API."""
    own, values = types.members(extras), mapping(entry)
    return (
        {key: item for key, item in values.items() if key in own},
        {key: item for key, item in values.items() if key not in own},
    )


def split_checked(
    entry: Any, own: type, names: Iterable[str], reserved: Iterable[str], where: str
) -> tuple[dict[str, Any], dict[str, Any], list[Failure]]:
    """The program's own keys of an entry, its allowed fields of the API, and what is wrong with the entry.

    Args:
        entry: as it stands in the stack file.
        own: the program's own keys.
        names: the fields of the API.
        reserved: the fields that the program sets itself.
        where: the path of the entry.
    """
    extras, fields = split(entry, own)
    failures = list(types.failures(extras if isinstance(entry, Mapping) else entry, own, where))
    return extras, fields, failures + reject_unknown(fields, names, own, reserved, where)


def reject_unknown(
    fields: dict[str, Any], names: Iterable[str], extras: type | None, reserved: Iterable[str], where: str
) -> list[Failure]:
    """Removes unknown keys from an entry, and fields that the program sets itself; returns a failure for each.

    Args:
        fields: the entry without the program's own keys.
        names: the fields of the API.
        extras: the program's own keys, which failures also list as known; None for none.
        reserved: the fields that the program sets itself.
        where: the path of the entry.
    """
    given = [name for name in reserved if fields.pop(name, None) is not None]
    known = set(names) - set(reserved)
    unknown = [name for name in fields if name not in known]
    for name in unknown:
        del fields[name]
    listed = known | set(types.members(extras) if extras else ())
    return [
        *((join(where, name), "is set by the program: leave it out") for name in given),
        *((join(where, name), types.no_key(name, listed)) for name in unknown),
    ]
