"""The rows as the real engine reports them: one stack with a resource per row, previewed with every change."""

from __future__ import annotations

import copy
import json
import re
from pathlib import Path

import pytest

from tests.engine import Engine, name_of, write_program
from tests.kinds.rows import Row, edited, fill
from tests.kinds.table import KINDS
from tests.kinds.world import World
from tests.providers import State
from tests.running import RunningEmulator

pytestmark = [pytest.mark.engine, pytest.mark.tensorflow]

PROGRAM = """
import importlib, json, pathlib

for name, (module, kind, inputs) in json.loads(pathlib.Path("declared.json").read_text()).items():
    getattr(importlib.import_module(module), kind)(name, **inputs)
"""
_REPLACES = ("replace", "create-replacement", "delete-replaced")


class Part:
    """The rows of one kind, in a project of their own.

    Attributes:
        base: the inputs that the rows edit.
        rows: logical name -> row, of those whose change the program itself does not refuse.
    """

    def __init__(self, name: str, emulator: RunningEmulator, project: str, folder: Path) -> None:
        self._name, kind = name, KINDS[name]
        self._schema = kind.provider.schema
        folder.mkdir()
        world = World(emulator, project, folder)
        self.base: State = kind.declare(world)
        self._names = world.names()
        rows = {f"{name}-{number}": row for number, row in enumerate(kind.rows)}
        self.rows = {name: row for name, row in rows.items() if self._may_be_said(row)}

    def _may_be_said(self, row: Row) -> bool:
        return not any(list(self._schema.failures(inputs)) for inputs in (self.old(row), self.new(row)))

    def old(self, row: Row) -> State:
        """What the program said before."""
        found: State = fill(edited(KINDS[self._name].inputs, row.old), self._names)
        return {**found, **self._allowed(row)}

    def new(self, row: Row) -> State:
        """What the program says now."""
        return edited(self.old(row), fill(row.new, self._names))

    def _allowed(self, row: Row) -> State:
        """A refusal would end the preview: where `allowDowntime` may be said, it is a replacement."""
        return {"allowDowntime": True} if row.step == "refused" and "allowDowntime" in self._schema.types else {}

    def step(self, row: Row) -> str:
        """What is to be reported of a row."""
        return "replace" if self._allowed(row) else row.step

    def entries(self, made: State) -> list[State]:
        """The state of every row, after the entry of the resource that the engine made."""
        return [_entry(made, name, self.old(row)) for name, row in self.rows.items()]


def _entry(made: State, name: str, inputs: State) -> State:
    entry = copy.deepcopy(made)
    entry["urn"] = f"{made['urn'].rpartition('::')[0]}::{name}"
    provider = {"__provider": made["inputs"]["__provider"]}
    return {**entry, "inputs": {**inputs, **provider}, "outputs": {"drift": {}, **inputs, **provider}}


class Deployed:
    """A stack with one resource per row.

    Attributes:
        engine: the stack.
        parts: kind -> its rows.
    """

    def __init__(self, emulator: RunningEmulator, project: str, folder: Path) -> None:
        places = {name: f"{project}-{name.lower().replace('.', '-')}" for name in KINDS}
        self.parts = {name: Part(name, emulator, place, folder / name) for name, place in places.items()}
        self._program = write_program(folder / "program", PROGRAM)
        self.engine = Engine(folder / "engine", self._program)
        self.engine.write({"gcp:project": project, "tf2-models:endpoint": emulator.endpoint})

    def declare(self, inputs: dict[str, tuple[str, State]]) -> None:
        """Writes the program: logical name -> kind and inputs."""
        classes = {name: (kind.provider.__module__, kind.class_name) for name, kind in KINDS.items()}
        declared = {name: [*classes[kind], values] for name, (kind, values) in inputs.items()}
        (self._program / "declared.json").write_text(json.dumps(declared), encoding="utf-8")

    def fill_state(self) -> None:
        """Makes one resource of each kind, and puts a copy into the state for every row, with the row's old inputs."""
        self.declare({name: (name, part.base) for name, part in self.parts.items()})
        self.engine.up()
        state = json.loads(self.engine.run("stack", "export", "--stack", "test"))
        entries = {name_of(entry["urn"]): entry for entry in state["deployment"]["resources"]}
        made = {name: entries.pop(f"{kind.class_name} {name}") for name, kind in KINDS.items()}
        rows = [entry for name, part in self.parts.items() for entry in part.entries(made[name])]
        state["deployment"]["resources"] = [*entries.values(), *rows]
        file = self._program / "state.json"
        file.write_text(json.dumps(state), encoding="utf-8")
        self.engine.run("stack", "import", "--stack", "test", "--file", str(file))

    def change(self) -> None:
        """Declares every row's change, but for refusals that cannot be allowed."""
        self.declare(
            {
                name: (kind, part.new(row) if part.step(row) != "refused" else part.old(row))
                for kind, part in self.parts.items()
                for name, row in part.rows.items()
            }
        )


def test_the_engine_reports_each_row(emulator: RunningEmulator, project: str, tmp_path: Path) -> None:
    """One preview of all changes, in which nothing is called; then one of a refusal, which is a plain line."""
    deployed = Deployed(emulator, project, tmp_path)
    deployed.fill_state()
    deployed.change()
    emulator.reset_calls()

    found = {name.rpartition(" ")[2]: step for name, step in deployed.engine.preview().items()}

    rows = [(part, name, row) for part in deployed.parts.values() for name, row in part.rows.items()]
    for part, name, row in rows:
        step = found.get(name, "same")
        asked = "replace" if step in _REPLACES else step
        assert asked == (part.step(row) if part.step(row) != "refused" else "same"), f"{name}: {row.title}"
    assert len(rows) > 150
    assert emulator.calls() == {}

    _a_refusal_is_a_plain_line(deployed)


def _a_refusal_is_a_plain_line(deployed: Deployed) -> None:
    models = deployed.parts["ml.Model"]
    name, row = next((name, row) for name, row in models.rows.items() if row.field == "regions")
    deployed.declare({name: ("ml.Model", edited(models.new(row), {"allowDowntime": None}))})

    text = deployed.engine.stack("preview", fails=True)

    changed = r"cannot be changed in place: regions\[0\] was '\S+', wanted '\S+'"
    said = rf"regions of model projects/\S+/models/m {changed}\. Give it another name, or say "
    assert re.search(said, text), text
    assert "Traceback" not in text
