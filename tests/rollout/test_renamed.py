"""A user's own program: a version under another logical name, and an invalid name."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.emulator.ml.caller import Caller
from tests.engine import Engine, write_program
from tests.program.clients import predicting
from tests.program.stacks import Deployment
from tests.running import RunningEmulator

pytestmark = [pytest.mark.engine, pytest.mark.tensorflow]

_HEAD = """
import pulumi
from resources import ml
from resources import stack as identity

owner = identity.Identity("stack").token
model = ml.Model("m", name="m", owner=owner)
inside = pulumi.ResourceOptions(depends_on=[model])
fields = dict(model="m", name="v1", machine_type="n1-standard-2", runtime_version="2.21", owner=owner)
"""


class OwnProgram:
    """A user's own program, with a model `m` and an artifact in a bucket."""

    def __init__(self, emulator: RunningEmulator, project: str, folder: Path) -> None:
        self.folder = write_program(folder / "program")
        self.uri = Caller(emulator, project).upload("x2")
        self.engine = Engine(folder / "engine", self.folder)
        self.engine.write({"gcp:project": project, "tf2-models:endpoint": emulator.endpoint})

    def write(self, *lines: str) -> None:
        """Writes the program: the model, followed by these lines."""
        head = f"{_HEAD}fields['deployment_uri'] = {self.uri!r}\n"
        (self.folder / "__main__.py").write_text(head + "\n".join(lines), encoding="utf-8")


@pytest.fixture
def own(emulator: RunningEmulator, project: str, tmp_path: Path) -> OwnProgram:
    """A program that is not deployed yet."""
    return OwnProgram(emulator, project, tmp_path)


def test_another_logical_name_for_the_same_version_deletes_nothing(
    own: OwnProgram, emulator: RunningEmulator, project: str, tmp_path: Path
) -> None:
    """It is refused, even with `adopt`; the error names `aliases`, with which the rename works."""
    stack = Deployment(emulator, project, tmp_path, "unused")
    own.write('ml.Version("a", inside, **fields)')
    own.engine.up()
    emulator.reset_calls()
    with predicting({"default": stack.url("m")}) as clients:
        for adopt in ("", ", adopt=True"):
            own.write(f'ml.Version("b", inside{adopt}, **fields)')
            text = own.engine.stack("up", "--skip-preview", "--suppress-progress", fails=True)
            assert "aliases=[pulumi.Alias(name=OLD_NAME)]" in text, text
        aliased = 'pulumi.ResourceOptions(depends_on=[model], aliases=[pulumi.Alias(name="a")])'
        own.write(f'ml.Version("b", {aliased}, **fields)')
        assert own.engine.up() == {"unchanged": 4}

    assert clients["default"].results == ([2.0], [])
    assert "versions.delete" not in stack.changes()
    assert {"Version b"} == {name for name in own.engine.resources() if name.startswith("Version")}


def test_a_name_with_a_hyphen_is_refused_before_any_call(own: OwnProgram, emulator: RunningEmulator) -> None:
    """The API accepts letters, digits and underscores."""
    own.write('ml.Version("a", inside, **{**fields, "name": "a-b"})')
    emulator.reset_calls()

    text = own.engine.stack("up", "--skip-preview", "--suppress-progress", fails=True)

    assert "Version('a').name: must be letters, digits and underscores" in text
    assert [name for name in emulator.calls() if "versions" in name] == []
