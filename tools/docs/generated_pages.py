"""The generated files, and files with a generated part between two markers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from emulator.vertex import methods as vertex_methods
from tools.docs import api_documents, emulator_methods, resource_fields

ROOT = Path(__file__).parents[2]
BEGIN = "<!-- begin: written by `make docs` -->"
END = "<!-- end -->"

WHOLE: Mapping[str, Callable[[], str]] = {
    "docs/reference/fields.md": resource_fields.page,
    **{
        f"emulator/vertex/documents/{version}.json": partial(api_documents.text, version)
        for version in vertex_methods.VERSIONS
    },
}
PARTS: Mapping[str, Callable[[], str]] = {"docs/reference/emulator-methods.md": emulator_methods.tables}


def stale(root: Path = ROOT) -> dict[str, str]:
    """The files that differ from the code: name -> text to write.

    Raises:
        ValueError: a file with a generated part has no markers.
    """
    expected = {name: make() for name, make in WHOLE.items()}
    expected |= {name: between(_text(root / name), make(), name) for name, make in PARTS.items()}
    return {name: text for name, text in expected.items() if _text(root / name) != text}


def write(texts: Mapping[str, str], root: Path = ROOT) -> None:
    """Writes the files."""
    for name, text in texts.items():
        (root / name).write_text(text, encoding="utf-8")


def between(text: str, part: str, name: str) -> str:
    """A text with `part` between its markers. Raises `ValueError` unless it has each marker once."""
    head, begin, rest = text.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end or BEGIN in rest:
        raise ValueError(f"{name} needs the lines {BEGIN} and {END} once, around what is generated")
    return f"{head}{BEGIN}\n{part}{END}{tail}"


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""
