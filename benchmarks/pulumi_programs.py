"""Small Pulumi programs, each for one figure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

PROJECT = "name: {name}\nruntime: python\nmain: .\n"

_NOTHING = """\
from nothing import Nothing

for number in range({count}):
    Nothing(f"resource-{{number}}", {{**{values!r}, "description": {description!r} if number == 0 else "as made"}})
"""
_NOTHING_MODULE = """\
from pulumi import dynamic


class Provider(dynamic.ResourceProvider):
    serialize_as_secret_always = False

    def create(self, props):
        return dynamic.CreateResult("id", props)

    def update(self, id, olds, news):
        return dynamic.UpdateResult(news)


class Nothing(dynamic.Resource):
    def __init__(self, name, values):
        super().__init__(Provider(), name, values)
"""
_UPLOAD = """\
import json
from collections.abc import Mapping
from pathlib import Path

import pulumi

from resources import storage

bucket = storage.Bucket("bench", project="bench", name="bench-models")
for name, inputs in json.loads(Path("saved_models.json").read_text()).items():
    storage.SavedModel(name, pulumi.ResourceOptions(depends_on=[bucket]), bucket="bench-models", prefix=name, **inputs)
"""


def nothing(
    folder: Path, count: int, description: str = "as made", values: Mapping[str, Any] = MappingProxyType({})
) -> Path:
    """Writes a program of `count` dynamic resources whose provider does nothing; returns its folder.

    Args:
        folder: the program's folder.
        count: at least 1.
        description: the description of the first resource; changing it changes one resource.
        values: the other inputs of each resource.
    """
    _write(folder, "nothing", _NOTHING.format(count=count, description=description, values=dict(values)))
    (folder / "nothing.py").write_text(_NOTHING_MODULE, encoding="utf-8")
    return folder


def upload(folder: Path) -> Path:
    """Writes a program with a bucket and the SavedModels of `declare`; returns its folder."""
    _write(folder, "tf2-models", _UPLOAD)
    declare(folder, {})
    return folder


def declare(folder: Path, saved_models: dict[str, dict[str, Any]]) -> None:
    """Sets the SavedModels of the `upload` program: logical name, which is also the prefix -> `source` and `files`."""
    (folder / "saved_models.json").write_text(json.dumps(saved_models), encoding="utf-8")


def _write(folder: Path, name: str, program: str) -> None:
    (folder / "Pulumi.yaml").write_text(PROJECT.format(name=name), encoding="utf-8")
    (folder / "__main__.py").write_text(program, encoding="utf-8")
