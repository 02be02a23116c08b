"""States as older releases wrote them: without signatures, and without a resource for a traffic split."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tests.engine import name_of
from tests.program.stacks import Deployment

NEW = ("signatures", "artifacts", "allowBreakingChange")
Entry = dict[str, Any]


def edit_state(stack: Deployment, resource: str, edit: Callable[[Entry], None]) -> None:
    """Changes the entry of one resource in the stack's state."""

    def edit_one(entries: list[Entry]) -> None:
        [entry] = [item for item in entries if name_of(item["urn"]) == resource]
        edit(entry)

    _edit(stack, edit_one)


def downgrade_state(stack: Deployment, model: str) -> None:
    """Removes from the state what older releases did not write: signatures and the traffic split's resource."""
    _edit(stack, lambda entries: _downgrade(entries, model))


def _downgrade(entries: list[Entry], model: str) -> None:
    versions = [item for item in entries if name_of(item["urn"]).startswith(("Version ", "DefaultVersion "))]
    known = [item for item in versions if set(NEW) & item["inputs"].keys()]
    assert known, "the state has something to remove"
    for item in known:
        for side in ("inputs", "outputs"):
            item[side] = {name: value for name, value in item[side].items() if name not in NEW}
    entries[:] = [item for item in entries if name_of(item["urn"]) != f"TrafficSplit {model}"]
    for item in entries:
        found = (item.get("outputs") or {}).get("models", {}).get(model, {})
        found.pop("splitGate", None)


def _edit(stack: Deployment, edit: Callable[[list[Entry]], None]) -> None:
    state = json.loads(stack.engine.run("stack", "export", "--stack", "test"))
    edit(state["deployment"]["resources"])
    file = stack.folder / "state.json"
    file.write_text(json.dumps(state), encoding="utf-8")
    stack.engine.run("stack", "import", "--stack", "test", "--file", str(file))
