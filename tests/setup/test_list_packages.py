"""The list of packages that the engine gets without pip."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from tests.running import BOUND, ROOT

_LIST = ("-m", "pip", "list", "-v", "--format", "json")


def _run(*command: str) -> str:
    return subprocess.run(
        command,
        env={**os.environ, "TF2_MODELS_PYTHON": sys.executable},
        capture_output=True,
        text=True,
        timeout=BOUND,
        check=True,
    ).stdout


def test_the_list_is_that_of_pip() -> None:
    """The same packages, versions and locations, by which the engine finds packages that have a plugin."""
    listed, by_pip = (
        {(entry["name"], entry["version"], entry["location"]) for entry in json.loads(text)}
        for text in (_run(str(ROOT / "tools/pulumi/python"), *_LIST), _run(sys.executable, *_LIST))
    )

    assert listed == by_pip
    assert len(listed) > 50


def test_everything_else_is_pythons_own() -> None:
    """Any other command line reaches Python as it is."""
    assert (
        _run(str(ROOT / "tools/pulumi/python"), "-c", "import sys; print(sys.argv)", "a b", "*")
        == "['-c', 'a b', '*']\n"
    )
