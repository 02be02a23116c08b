"""States as they were before `ml.DefaultVersion` knew signatures and the traffic split."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tests.engine import name_of
from tests.program.stacks import Deployment

NEW_INPUTS = ("trafficSplit", "signatures", "artifacts", "allowBreakingChange", "previousSplit")
NEW = (*NEW_INPUTS, "servedSplit")


def edit_state(stack: Deployment, resource: str, edit: Callable[[dict[str, Any]], None]) -> None:
    """Changes the entry of one resource in the stack's state."""
    state = json.loads(stack.engine.run("stack", "export", "--stack", "test"))
    [entry] = [item for item in state["deployment"]["resources"] if name_of(item["urn"]) == resource]
    edit(entry)
    file = stack.folder / "state.json"
    file.write_text(json.dumps(state), encoding="utf-8")
    stack.engine.run("stack", "import", "--stack", "test", "--file", str(file))


def forget(stack: Deployment, model: str) -> None:
    """Takes out of a default version's state what earlier releases did not write."""

    def edit(entry: dict[str, Any]) -> None:
        assert set(NEW) & entry["inputs"].keys(), "what is to be taken out"
        for side in ("inputs", "outputs"):
            entry[side] = {name: value for name, value in entry[side].items() if name not in NEW}
        entry["dependencies"] = [urn for urn in entry["dependencies"] if not urn.endswith(_beside(entry))]

    edit_state(stack, f"DefaultVersion {model}", edit)


def _beside(entry: dict[str, Any]) -> tuple[str, ...]:
    """The ends of the URNs of versions that are not the default: none depended on them."""
    model, default = entry["inputs"]["model"], entry["inputs"]["version"]
    versions = [urn for urn in entry["dependencies"] if "dynamic/ml:Version::" in urn]
    return tuple(f"::{urn.rpartition('::')[2]}" for urn in versions if not urn.endswith(f"::{model}-{default}"))
