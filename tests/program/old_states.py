"""States as they were before `ml.DefaultVersion` knew signatures and the traffic split."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tests.engine import name_of
from tests.program.stacks import Deployment

NEW = ("trafficSplit", "signatures", "artifacts", "allowBreakingChange", "previousSplit", "servedSplit")
Entry = dict[str, Any]


def edit_state(stack: Deployment, resource: str, edit: Callable[[Entry], None]) -> None:
    """Changes the entry of one resource in the stack's state."""

    def edit_one(entries: list[Entry]) -> None:
        [entry] = [item for item in entries if name_of(item["urn"]) == resource]
        edit(entry)

    _edit(stack, edit_one)


def forget(stack: Deployment, model: str) -> None:
    """Takes out of a default version's state what earlier releases did not write: then, all versions came after it."""
    _edit(stack, lambda entries: _forget(entries, model))


def _forget(entries: list[Entry], model: str) -> None:
    [served] = [item for item in entries if name_of(item["urn"]) == f"DefaultVersion {model}"]
    assert set(NEW) & served["inputs"].keys(), "what is to be taken out"
    for side in ("inputs", "outputs"):
        served[side] = {name: value for name, value in served[side].items() if name not in NEW}
    others = [
        item
        for item in entries
        if name_of(item["urn"]).startswith("Version ")
        and item["inputs"]["model"] == model
        and item["inputs"]["name"] != served["inputs"]["version"]
    ]
    urns = [item["urn"] for item in others]
    served["dependencies"] = [urn for urn in served["dependencies"] if urn not in urns]
    for item in others:
        item["dependencies"] = sorted({*item["dependencies"], served["urn"]})
        entries.remove(item)
        entries.append(item)  # after what it depends on


def _edit(stack: Deployment, edit: Callable[[list[Entry]], None]) -> None:
    state = json.loads(stack.engine.run("stack", "export", "--stack", "test"))
    edit(state["deployment"]["resources"])
    file = stack.folder / "state.json"
    file.write_text(json.dumps(state), encoding="utf-8")
    stack.engine.run("stack", "import", "--stack", "test", "--file", str(file))
