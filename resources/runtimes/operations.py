"""Whether an older TensorFlow can load an artifact: compares the operations of its graph with that TensorFlow's own.

`tables/MAJOR.MINOR.json` lists the operations of one TensorFlow with their attributes; the command
`python -m tools.operation_table` writes it.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

TABLES = Path(__file__).with_name("tables")
OPERATIONS = "operations"
"""Key of a table: operation -> names of its attributes, separated by spaces."""
_VERSION = re.compile(r"(\d+)\.(\d+)(?:[.-].*)?\Z")
_WITHOUT_EFFECT = {"debug_name"}
"""Attributes that only appear in messages of TensorFlow: it does not matter that an older one ignores them."""
_MOST_LISTED = 5
_TRY = "allowNewerTensorFlow: true tries it"


def newer_failure(made: str, runtime: Any, operations: Mapping[str, Sequence[str]]) -> str:
    """Why a TensorFlow may not load an artifact that a newer one exported; empty if it can.

    It can if it has every operation, and every attribute whose value is not the default: an attribute that it does not
    have would be ignored without an error. Without a table of this TensorFlow, or without the artifact's operations, it
    is refused because it is older.

    Args:
        made: the TensorFlow that exported the artifact, "2.21.0"; empty if unknown, which is not judged.
        runtime: the TensorFlow that shall load it, "2.11"; anything else is not judged.
        operations: of the artifact's graph, as `Manifest.operations`; empty if unknown.
    """
    newer, older = _minor(made), _minor(runtime)
    if newer is None or older is None or newer <= older:
        return ""
    known = _table(*older)
    if known and operations:
        lacking = list(_lacking(operations, known))
        used = f"which the artifact uses (exported by TensorFlow {made})"
        return f"TensorFlow {runtime} does not have {_listed(lacking)}, {used}; {_TRY}" if lacking else ""
    reason = f"TensorFlow {runtime} is older than TensorFlow {made}, which made the artifact"
    if known:
        reason += ", and its card lacks the operations of the graph, which `python -m models build` or `import` adds"
    return f"{reason}; {_TRY}"


def _minor(version: Any) -> tuple[int, int] | None:
    """`2.11` or `2.11.0` as (2, 11); None if it is no version."""
    found = _VERSION.match(version) if isinstance(version, str) else None
    return (int(found[1]), int(found[2])) if found else None


@functools.cache
def _table(major: int, minor: int) -> dict[str, frozenset[str]]:
    """Operation -> its attributes; empty if there is no table of this TensorFlow."""
    path = TABLES / f"{major}.{minor}.json"
    if not path.is_file():
        return {}
    found = json.loads(path.read_text(encoding="utf-8"))[OPERATIONS]
    return {name: frozenset(attributes.split()) for name, attributes in found.items()}


def _lacking(operations: Mapping[str, Sequence[str]], known: Mapping[str, frozenset[str]]) -> Iterator[str]:
    """In words, the operations that are not known, and the attributes that are not."""
    for name, attributes in operations.items():
        if name not in known:
            yield name
            continue
        lacking = set(attributes) - known[name] - _WITHOUT_EFFECT
        yield from (f"the attribute {each} of {name}" for each in sorted(lacking))


def _listed(names: Sequence[str]) -> str:
    """The names, or the first ones and how many follow."""
    shown = [*names[:_MOST_LISTED], *([f"{len(names) - _MOST_LISTED} more"] if len(names) > _MOST_LISTED else [])]
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)
