"""The process that trains and exports one build.

It reads a request as JSON from standard input and writes events as lines of JSON to standard output:
`{"done": 3, "total": 10, "text": ...}`, and at the end `{"result": ...}` or `{"error": ...}`. Everything else that
TensorFlow and Keras print goes to standard error, which the parent process logs.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, TextIO

from models.builder.rehearsal import rehearse
from models.builder.training_output import exportable
from models.core.errors import BuildError, ModelsError
from models.core.export import export
from models.core.recipe import Recipe, Report, Values
from models.core.registry import load_recipe

_PROBE = 1 << 20
"""Size of the test file that shows whether a disk is full, in bytes."""


def main() -> int:
    """Makes the requested build; returns the exit code."""
    events = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # libraries print to standard output, which is for events
    request = json.load(sys.stdin)
    try:
        _send(events, {"result": _run(request, events)})
    except ModelsError as error:
        _send(events, {"error": str(error)})
        return 1
    except BrokenPipeError:  # the parent process is gone
        return 1
    return 0


def _run(request: dict[str, Any], events: TextIO) -> dict[str, Any]:
    def report(done: int, total: int, text: str) -> None:
        _send(events, {"done": done, "total": total, "text": text})

    _check_installed(request["pinned"])
    recipe = load_recipe(request["recipe"], Path.cwd())
    return _exported(recipe, request["parameters"], Path(request["folder"]), report)


def _exported(recipe: Recipe, parameters: Values, folder: Path, report: Report) -> dict[str, Any]:
    """Like `export`, but reports a full disk. Not in `export`, because its code is part of every input digest."""
    import keras  # noqa: F401 - before the rehearsal, which is a fork
    import tensorflow as tf

    report(0, 1, "checking the samples")
    rehearse(recipe, parameters)
    # The exporter's source is part of every input digest, so models that it does not accept are converted here.
    prepared = replace(recipe, train=lambda *given: exportable(recipe.train(*given)))
    try:
        return export(prepared, parameters, folder, report)
    except (tf.errors.OpError, OSError) as error:
        reason = " ".join(str(error).split())
        if not _is_full(folder):
            raise
        raise BuildError(f"{folder} cannot be written: {reason}; free space, then rerun the command") from None


def _is_full(folder: Path) -> bool:
    """Whether the disk of a folder is full, which TensorFlow's own error does not say."""
    try:
        with tempfile.TemporaryFile(dir=folder if folder.is_dir() else folder.parent) as probe:
            probe.write(bytes(_PROBE))
            probe.flush()
    except OSError:
        return True
    return False


def _check_installed(pinned: dict[str, list[str]]) -> None:
    """Raises `BuildError` if the installed TensorFlow or Keras is not the pinned one."""
    for name, versions in pinned.items():
        try:
            found = version(name)
        except PackageNotFoundError:
            raise BuildError(f"{name} is not installed; run: pip install -r requirements.txt") from None
        if found not in versions:
            wanted = " or ".join(versions)
            raise BuildError(
                f"{name} must be {wanted}, as in requirements.txt; found {found}. Run: pip install -r requirements.txt"
            )


def _send(events: TextIO, event: dict[str, Any]) -> None:
    events.write(json.dumps(event) + "\n")
    events.flush()


if __name__ == "__main__":
    sys.exit(main())
