"""Maps fields of resources to keys of a stack file, for error messages."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from resources.schema.types import Failure, join, table

Keys = Mapping[str, str | None]
"""Field -> the key of the entry that sets it. The longest matching field counts. Empty: the entry itself. None: an
entry above it, whose errors are reported there."""
PLACE: Keys = dict.fromkeys(("project", "location", "model", "endpoint"))
"""The fields that say where a resource of a model is: the model's entry sets them."""
_OPTIONS = "vertex"


def renamed(failures: Iterable[Failure], where: str, keys: Keys) -> list[Failure]:
    """The errors of a resource's inputs under the keys of the entry that set them, which their reasons name, too.

    Args:
        failures: their paths begin with `where`.
        where: path of the entry.
        keys: the keys of the entry.
    """
    found = ((_key_of(path.removeprefix(f"{where}."), where, keys), reason) for path, reason in failures)
    return [(path, _in_words_of(keys, reason)) for path, reason in found if path is not None]


def with_id(failures: Iterable[Failure], where: str, key: str, entry: Mapping[str, Any]) -> Iterator[Failure]:
    """Moves the errors of an id that is made of the entry's name to the entry, and says which key sets another id.

    Args:
        failures: of the entry, after `renamed`.
        where: path of the entry.
        key: of its `vertex` block, which sets the id.
        entry: with the key or without it.
    """
    path = f"{where}.{_OPTIONS}.{key}"
    for at, reason in failures:
        if at == path and not table(entry, _OPTIONS).get(key):
            yield where, f"{_OPTIONS}.{key} {reason}, which is made of the name: set the key, or rename the entry"
        else:
            yield at, reason


def _key_of(field: str, where: str, keys: Keys) -> str | None:
    for known in sorted(keys, key=len, reverse=True):
        rest = field.removeprefix(known)
        if field.startswith(known) and rest[:1] in ("", ".", "["):
            key = keys[known]
            return None if key is None else f"{join(where, key) if key else where}{rest}"
    return join(where, field)


def _in_words_of(keys: Keys, reason: str) -> str:
    """A reason with keys in the place of fields. Only names in camelCase are replaced: others may be plain words."""
    leaves = {field.rpartition(".")[2]: key for field, key in keys.items() if key}
    return re.sub(r"\b[a-z]+[A-Z]\w*", lambda found: leaves.get(found[0], found[0]), reason)
