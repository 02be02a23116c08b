"""Fragments of stack files and changes of them, as the documentation shows them.

`python -m tests.docs.stack_files FILE` changes a file by a diff from standard input.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

_LOCAL = "Pulumi.local.yaml"
_BASES = {"vertex": "Pulumi.vertex.yaml"}
"""Kind of fragment -> the stack that is the rest, where it is not the local one."""


def changed(text: str, diff: str) -> str:
    """A text after a change: lines of the diff that begin with a blank or `-` are found, and those with `+` added.

    Raises:
        ValueError: the lines to change are not there exactly once.
    """
    lines = diff.splitlines()
    old = "".join(f"{line[1:]}\n" for line in lines if line[:1] in (" ", "-"))
    new = "".join(f"{line[1:]}\n" for line in lines if line[:1] in (" ", "+"))
    if not old or text.count(old) != 1:
        raise ValueError(f"found {text.count(old)} times instead of once:\n{old}")
    return text.replace(old, new)


def configuration(kind: str, text: str, root: Path) -> dict[str, str]:
    """A whole stack's configuration as Pulumi hands it over, with a fragment in it.

    Args:
        kind: `stack` or `vertex`, keys of a stack of `ml` v1 or Vertex AI; `models`, entries of a stack's models;
            anything else is the name of a whole file.
        text: the fragment.
        root: the project, whose local stack is the rest.
    """
    base: dict[str, Any] = yaml.safe_load((root / _BASES.get(kind, _LOCAL)).read_text(encoding="utf-8"))["config"]
    part: dict[str, Any] = yaml.safe_load(text)
    if kind in ("stack", *_BASES):
        values = {**base, **part}
    elif kind == "models":
        values = {**base, "tf2-models:models": part}
    else:
        values = part["config"]
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in values.items()}


def artifacts(config: Mapping[str, str]) -> list[tuple[str, Mapping[str, Any]]]:
    """Artifact and parameters of each version of a configuration."""
    models = json.loads(config["tf2-models:models"])
    versions = [version for model in models.values() for version in model.get("versions", {}).values()]
    return [(version["artifact"], version.get("parameters", {})) for version in versions]


def _main() -> None:
    path = Path(sys.argv[1])
    path.write_text(changed(path.read_text(encoding="utf-8"), sys.stdin.read()), encoding="utf-8")


if __name__ == "__main__":
    _main()
