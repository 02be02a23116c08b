"""Maps fields of resources to keys of a stack file, for error messages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from resources.schema.types import Failure, join


def renamed(failures: Iterable[Failure], where: str, keys: Mapping[str, str]) -> list[Failure]:
    """Yields the errors of a resource's inputs under the keys of the entry that set them.

    Args:
        failures: their paths begin with `where`.
        where: path of the entry.
        keys: field -> key; the longest matching field counts; an empty key means the entry itself.
    """
    return [(_key_of(path.removeprefix(f"{where}."), where, keys), reason) for path, reason in failures]


def _key_of(field: str, where: str, keys: Mapping[str, str]) -> str:
    for known in sorted(keys, key=len, reverse=True):
        rest = field.removeprefix(known)
        if field.startswith(known) and rest[:1] in ("", ".", "["):
            return f"{join(where, keys[known]) if keys[known] else where}{rest}"
    return join(where, field)
