"""The input digest identifies everything that determines a build. It is the same on every Python and machine.

It covers bytes, never parsed code (`ast` gives different trees on different Pythons); `ast` only finds imports. It does
not see dynamic imports: a recipe must not use them for code in `models/`.
"""

from __future__ import annotations

import ast
import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from models.core.errors import ModelsError
from models.core.recipe import Recipe, Values
from models.data.files import SUMS, checksums

DIGITS = 16
EXPORTER = "models/core/export.py"
_PACKAGES = ("tensorflow", "keras")
_PIN = re.compile(r"^((tensorflow|keras)==([^\s;#]+)[^#\n]*)", re.MULTILINE)


class Inputs(NamedTuple):
    """What determines a build, besides the recipe's name and parameters.

    Attributes:
        data: SHA-256 in hexadecimal by name in `models/data/SHA256SUMS`, of the data that the recipe reads.
        packages: the lines of requirements.txt that pin TensorFlow and Keras, sorted.
        sources: SHA-256 in hexadecimal of each source file by its path in the project, with normalised line ends.
    """

    data: dict[str, str]
    packages: list[str]
    sources: dict[str, str]


def read_inputs(name: str, recipe: Recipe, parameters: Values, root: Path) -> Inputs:
    """The inputs of a build with the current code and data.

    Args:
        name: the recipe's name.
        recipe: the recipe.
        parameters: all of its parameters, as `registry.complete` returns them.
        root: the project's folder.

    Raises:
        ModelsError: a source, a checksum or a pinned version is missing.
    """
    sums = checksums(root / "models" / "data")
    missing = [data for data in recipe.data(parameters) if data not in sums]
    if missing:
        raise ModelsError(f"models/{name}.py: its data {missing[0]} has no checksum in models/data/{SUMS}")
    return Inputs(
        data={data: sums[data] for data in sorted(recipe.data(parameters))},
        packages=[line.strip() for line, _, _ in sorted(_pins(root))],
        sources={path: _sha256(root / path) for path in sources(name, root)},
    )


def digest_of(name: str, parameters: Values, inputs: Inputs) -> str:
    """The input digest of a build: 16 hexadecimal digits."""
    lines = [
        "format 1",
        f"recipe {name}",
        f"parameters {json.dumps(dict(parameters), sort_keys=True)}",
        *(f"data {data} {checksum}" for data, checksum in inputs.data.items()),
        *(f"source {path} {checksum}" for path, checksum in inputs.sources.items()),
        *(f"package {line}" for line in inputs.packages),
    ]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:DIGITS]


def input_digest(name: str, recipe: Recipe, parameters: Values, root: Path) -> str:
    """The input digest of a build with the current code and data. Arguments and errors: see `read_inputs`."""
    return digest_of(name, parameters, read_inputs(name, recipe, parameters, root))


def pinned(root: Path) -> dict[str, list[str]]:
    """The versions of TensorFlow and Keras that requirements.txt pins; there may be several, for different Pythons.

    Raises:
        ModelsError: requirements.txt is missing or does not pin both.
    """
    pins = _pins(root)
    return {package: [version for _, name, version in pins if name == package] for package in _PACKAGES}


def _pins(root: Path) -> list[tuple[str, str, str]]:
    """The line, package and version of each pin. Markers count as text: a digest is the same on every Python."""
    path = root / "requirements.txt"
    found = _PIN.findall(path.read_text(encoding="utf-8")) if path.is_file() else []
    for package in _PACKAGES:
        if package not in (name for _, name, _ in found):
            raise ModelsError(f"{path}: the line {package}==VERSION is missing; digests and builds need it")
    return found


def sources(name: str, root: Path) -> list[str]:
    """The files that make the recipe what it is: itself, the exporter, and what they import from `models/`; sorted."""
    found: set[str] = set()
    waiting = [f"models/{name}.py", EXPORTER]
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting.extend(_imported(path, root))
    return sorted(found)


def _imported(path: str, root: Path) -> Iterator[str]:
    """The files in `models/` that a file imports. Raises `ModelsError` if it is not valid Python."""
    try:
        tree = ast.parse((root / path).read_bytes(), path)
    except (SyntaxError, ValueError) as error:  # a null byte is a ValueError before Python 3.12
        raise ModelsError(f"{path}: is not valid Python: {error}") from None
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield from _files(alias.name, root)
        elif isinstance(node, ast.ImportFrom):
            package = Path(path).parent.parts
            base = ".".join(
                [*package[: len(package) - node.level + 1], node.module or ""] if node.level else [node.module or ""]
            )
            for alias in node.names:
                yield from _files(f"{base.rstrip('.')}.{alias.name}", root)


def _files(dotted: str, root: Path) -> Iterator[str]:
    """The files that run on an import of `models.a.b.name`, where the last name is a module or a name in one.

    `models/__init__.py` is only included if the name comes from it: on its own it does not affect a recipe.
    """
    parts = dotted.split(".")
    if parts[0] != "models":
        return
    for end in range(2, len(parts) + 1):
        stem = "/".join(parts[:end])
        for path in (f"{stem}.py", f"{stem}/__init__.py"):
            if (root / path).is_file():
                yield path
                break
        else:
            if end == 2:
                yield "models/__init__.py"
            return


def _sha256(path: Path) -> str:
    """The SHA-256 of a text file with LF line ends."""
    return hashlib.sha256(path.read_bytes().replace(b"\r\n", b"\n")).hexdigest()
