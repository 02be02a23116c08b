"""Writes the file for `pulumi import --file`: declared resources that exist at the API but not in the stack's state.

    python -m tools.import_file --stack NAME > import.json     options are those of `pulumi preview`
    pulumi import --stack NAME --file import.json --protect=false --generate-code=false
    pulumi preview --stack NAME --diff

`pulumi import TYPE NAME ID` cannot import dynamic resources (it fails with `'__provider'`): the engine asks the
provider's process to read one by its ID, from which it cannot know the class. The file holds inputs and outputs,
with the class in both (`__provider`), so the engine need not read. They are those of a refresh: a field that differs
shows in the next preview.

Buckets, models and versions are imported. Resources that `pulumi up` adopts anyway (SavedModels, default versions,
traffic splits, jobs) are not, nor are resources with secrets, which the file would show: use `adopt: true` for those.
`adopt: true` does all of this in `pulumi up`, and is better for most stacks.

Exit codes: 0 written, 1 failed, 2 wrong usage.
"""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import dill
from pulumi import dynamic

from gcp import errors
from resources.engine.provider import Provider
from resources.schema.types import UNKNOWN
from tools.local_pulumi import ROOT

_PROVIDER = "__provider"
_PREFIX = "pulumi-python:dynamic/"
_NAMESPACE = "tf2-models"


def main(arguments: Sequence[str]) -> int:
    """Writes the file to standard output; returns the exit code."""
    if {"-h", "--help"} & {*arguments}:
        print(__doc__)
        return 0
    command = ["pulumi", "preview", "--json", "--non-interactive", *arguments]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    try:
        preview = json.loads(done.stdout)
    except ValueError:
        preview = {}
    if done.returncode or "steps" not in preview:
        _say([each["message"] for each in preview.get("diagnostics", [])] or ["`pulumi preview` failed"])
        return 1
    try:
        found = list(_importable(preview))
    except errors.Error as error:
        _say([str(error)])
        return 1
    print(json.dumps({"resources": found}, indent=2))
    _say([f"{len(found)} to import" if found else "nothing to import: the state already has everything that exists"])
    return 0


def _importable(preview: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The declared resources that exist but are not in the state, in the form of `pulumi import --file`."""
    for step in preview["steps"]:
        state = step.get("newState") or {}
        if step["op"] == "create" and str(state.get("type")).startswith(_PREFIX):
            entry = _entry(state, preview.get("config") or {})
            if entry:
                yield entry


def _entry(state: Mapping[str, Any], config: Mapping[str, str]) -> dict[str, Any]:
    """One resource of the file; empty if it is not imported."""
    inputs = {name: value for name, value in state["inputs"].items() if name != _PROVIDER and value != UNKNOWN}
    provider = _provider(state["inputs"][_PROVIDER], config)
    if provider.create_adopts_existing or not provider.schema.names("path"):
        return {}
    name = str(state["urn"]).rpartition("::")[2]
    if inputs.get("secrets"):
        _say([f"{name}: left out, because the file would show its secrets: use adopt: true"])
        return {}
    found = provider.read(provider.identity(inputs), inputs)
    if not found.id:
        return {}  # `pulumi up` creates it
    own = {_PROVIDER: state["inputs"][_PROVIDER]}
    read_inputs = inputs if found.inputs is None else found.inputs
    return {
        "type": state["type"],
        "name": name,
        "id": found.id,
        "inputs": {**read_inputs, **own},
        "outputs": {**(found.outs or {}), **own},
    }


def _provider(pickled: str, config: Mapping[str, str]) -> Provider:
    """The provider of a resource, configured as the engine does."""
    provider: Provider = dill.loads(base64.b64decode(pickled))  # noqa: S301 - pickled by the program just now
    provider.configure(dynamic.ConfigureRequest(dynamic.Config(dict(config), _NAMESPACE)))
    return provider


def _say(lines: Sequence[str]) -> None:
    for line in lines:
        print(line.rstrip(), file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
