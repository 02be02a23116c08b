"""What becomes of a stack in other commands of the engine: options that name fields, renaming, moving, importing."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.engine import Engine, write_program
from tests.running import BOUND, ROOT, RunningEmulator

pytestmark = pytest.mark.engine
MODELS = """
import pulumi
from resources import ml
first = ml.Model("first", {first}name="first", description="{description}", labels={{"team": "{description}"}})
options = pulumi.ResourceOptions(depends_on=[first], replace_with=[first], {options})
ml.Model("second", options, name="second", description="{description}", online_prediction_logging={logging})
{more}
"""


class Program:
    """A program that declares models, on one stack or several.

    Attributes:
        engine: of the stack `test`.
    """

    def __init__(self, folder: Path, emulator: RunningEmulator, project: str) -> None:
        self._folder, self._config = folder, {"gcp:project": project, "tf2-models:endpoint": emulator.endpoint}
        self.folder = write_program(folder / "program")
        self.write()
        self.engine = self.stack("engine")

    def stack(self, name: str) -> Engine:
        """The same program with a state of its own."""
        engine = Engine(self._folder / name, self.folder)
        engine.write(self._config)
        return engine

    def write(self, **changed: str) -> None:
        """Makes this the program."""
        values = {"first": "", "description": "1", "options": "", "more": "", "logging": "True", **changed}
        (self.folder / "__main__.py").write_text(MODELS.format(**values), encoding="utf-8")

    def importable(self, engine: Engine) -> Path:
        """The file that the command writes for `pulumi import --file`."""
        place = ("--stack", "test", "--config-file", str(engine._file), "--cwd", str(self.folder))
        done = subprocess.run(
            [sys.executable, "-m", "tools.import_file", *place],
            cwd=ROOT,
            env=engine._environment,
            capture_output=True,
            text=True,
            timeout=BOUND,
            check=True,
        )
        file = self._folder / "import.json"
        file.write_text(done.stdout, encoding="utf-8")
        return file


@pytest.fixture
def program(tmp_path: Path, emulator: RunningEmulator, project: str) -> Program:
    """A program in a project of its own."""
    return Program(tmp_path, emulator, project)


def test_ignored_changes_are_named_in_python(program: Program) -> None:
    """The engine knows the API's names; parts of a field are named in Python too."""
    program.engine.up()
    program.write(
        description="2",
        logging="False",
        first="pulumi.ResourceOptions(ignore_changes=['labels.team']), ",
        options="ignore_changes=['online_prediction_logging']",
    )
    changed = program.engine.stack("preview", "--diff")

    assert changed.count('"1" => "2"') == 2  # two descriptions, and not the label
    assert "true => false" not in changed


def test_a_secret_output_is_named_in_python(program: Program) -> None:
    """The output is encrypted in the state."""
    program.write(options="additional_secret_outputs=['online_prediction_logging']")
    program.engine.up()

    assert "ciphertext" in program.engine.resources()["Model second"]["outputs"]["onlinePredictionLogging"]


@pytest.mark.faults
def test_a_field_that_is_none_is_refused(program: Program) -> None:
    """The line names the option and the right name, before anything is registered."""
    program.write(options="ignore_changes=['online_predicton_logging']")

    text = program.engine.stack("preview", fails=True)

    errors = [
        line for line in text.splitlines() if "Model('second').ignore_changes: 'online_predicton_logging'" in line
    ]
    assert errors
    assert all("did you mean online_prediction_logging?" in line for line in errors)


def test_another_logical_name_by_an_alias(program: Program) -> None:
    """An alias renames the resource without a call, and `replaceWith` of others follows."""
    program.engine.up()
    text = (program.folder / "__main__.py").read_text(encoding="utf-8")
    renamed = text.replace(
        '"first", name', '"other", pulumi.ResourceOptions(aliases=[pulumi.Alias(name="first")]), name'
    )
    (program.folder / "__main__.py").write_text(renamed, encoding="utf-8")

    assert program.engine.up() == {"unchanged": 3}
    assert program.engine.resources()["Model second"]["replaceWith"] == [
        program.engine.resources()["Model other"]["urn"]
    ]


@pytest.mark.faults
def test_another_logical_name_in_an_exported_state(program: Program, tmp_path: Path) -> None:
    """`stack export` and `stack import` do what `state rename` cannot."""
    engine = program.engine
    engine.up()
    state = engine.run("stack", "export", "--stack", "test")
    file = tmp_path / "state.json"
    file.write_text(re.sub(r'ml:Model::first"', 'ml:Model::other"', state), encoding="utf-8")
    engine.run("stack", "import", "--stack", "test", "--file", str(file))
    text = (program.folder / "__main__.py").read_text(encoding="utf-8")
    (program.folder / "__main__.py").write_text(text.replace('Model("first"', 'Model("other"'), encoding="utf-8")

    assert engine.preview() == {}


def test_a_move_to_another_stack(program: Program, emulator: RunningEmulator) -> None:
    """One stack adopts the resources and the other removes them from its state; the API is not changed."""
    program.engine.up()
    emulator.reset_calls()
    program.write(first="adopt=True, ")
    text = (program.folder / "__main__.py").read_text(encoding="utf-8")
    (program.folder / "__main__.py").write_text(
        text.replace('name="second"', 'name="second", adopt=True'), encoding="utf-8"
    )
    other = program.stack("other")
    other.up()
    for name in ("second", "first"):
        program.engine.run(
            "state", "delete", program.engine.resources()[f"Model {name}"]["urn"], "--yes", "--stack", "test"
        )

    verbs = {method.rpartition(".")[2] for method in emulator.calls() if method.startswith("ml.projects.models.")}
    assert verbs == {"get"}
    assert other.preview() == {}
    assert {name for name in program.engine.resources() if name.startswith("Model")} == set()


@pytest.mark.faults
def test_an_import_file(program: Program, emulator: RunningEmulator) -> None:
    """Existing resources are imported without a change, missing ones are created, and then nothing differs."""
    program.engine.up()
    program.write(description="2", more='ml.Model("third", name="third")')
    other = program.stack("other")
    file = program.importable(other)
    emulator.reset_calls()
    other.stack("import", "--file", str(file), "--protect=false", "--generate-code=false", "--yes")

    assert emulator.calls() == {}
    assert other.preview() == {"Model first": "update", "Model second": "update", "Model third": "create"}
    assert other.up() == {"created": 1, "updated": 2, "unchanged": 1}
    assert other.preview() == {}
    assert json.loads(program.importable(other).read_text(encoding="utf-8")) == {"resources": []}


@pytest.mark.faults
def test_secrets_are_left_out_of_an_import_file(program: Program) -> None:
    """Resources with secrets are left out, because the file would show them."""
    program.engine.up()
    text = (program.folder / "__main__.py").read_text(encoding="utf-8")
    secret = text.replace('description="1"', 'description=pulumi.Output.secret("1")', 1)
    (program.folder / "__main__.py").write_text(secret, encoding="utf-8")

    found: dict[str, Any] = json.loads(program.importable(program.stack("other")).read_text(encoding="utf-8"))

    assert [each["name"] for each in found["resources"]] == ["second"]
