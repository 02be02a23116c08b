"""What YAML makes of texts without quotes in a stack file is named with its line, its type and the quotes to add."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from gcp import errors
from models.commands.stack_file import stack_artifacts
from models.core.errors import ModelsError
from prediction import settings
from resources import platforms
from resources.config import stack_yaml
from resources.config.secret_values import Source
from tests.engine import Engine, write_program
from tests.running import ROOT

SCALARS = """
  2024-01-01: 2024-01-01
  2.10: 2.10
  on: on
  yes: yes
  010: 010
  true: TRUE
  ~: ~
  12:30: 12:30
  1_000: 1_000
  1e30: 1e30
  a: [0o10, 2.0, 1e3, 1.0e-7, .5, 685_230.15, 08, 1e21, 123456789012345678901234567890, +5, 0x1F, 0b11, 1., -010]
  b: [2024-1-1, 2001-12-14t21:59:43.10-05:00, 2001-12-14 21:59:43.10 -5, 2024-01-01T10:00:00.50Z, 2024-01-01 1:2:3]
  c: ["2.10", '010', !!str 2.10, =, 1e400, Null, False, v1, 1.2.3, 2024-13-01, -, "2024-01-01"]
  d: &x {no: 1}
  e: {<<: *x, f: 2}
"""
PROGRAM = "import json, pulumi\npulumi.export('found', json.dumps(pulumi.runtime.get_config_env()))\n"


@pytest.mark.engine
def test_the_file_is_read_as_pulumi_reads_it(tmp_path: Path) -> None:
    """Keys, numbers, dates and texts are those that the engine hands to a program."""
    program = write_program(tmp_path / "program", PROGRAM)
    engine = Engine(tmp_path / "engine", program)
    text = "config:\n  tf2-models:m:\n" + SCALARS.replace("\n  ", "\n    ")
    (tmp_path / "engine/Pulumi.test.yaml").write_text(text, encoding="utf-8")
    engine.stack("up", "--skip-preview", "--suppress-progress")

    found = json.loads(json.loads(engine.outputs()["found"])["tf2-models:m"])

    assert found == stack_yaml.load(text).value["config"]["tf2-models:m"]
    assert json.dumps(found, sort_keys=True) == json.dumps(stack_yaml.load(SCALARS).value, sort_keys=True)


STACK = """\
common: &common {{pythonVersion: "3.7", machineType: n1-standard-2, manualScaling: {{nodes: 1}}}}
config:
  gcp:project: demo
  tf2-models:endpoint: http://127.0.0.1:1
  tf2-models:runtimeVersion: {runtime}
  tf2-models:models:
    m:
      labels: {labels}
      defaultVersion: v1
      versions:
        v1: {{artifact: "gs://bucket/folder/", <<: *common{fields}}}
        {another}: {{artifact: "gs://bucket/folder/", <<: *common}}
"""
V1 = "tf2-models:models.m.versions.v1"


def handed_over(text: str) -> dict[str, str]:
    """A stack file's configuration as Pulumi hands it to the program."""
    values: dict[str, Any] = stack_yaml.load(text).value["config"]
    return {
        key: json.dumps(value) if isinstance(value, dict | list) else stack_yaml.written(value)
        for key, value in values.items()
    }


def failures(tmp_path: Path, changed: dict[str, str], *, with_file: bool = True) -> dict[str, str]:
    """What is wrong with the stack file; with its file, as the program has it, or without."""
    text = STACK.format(**{"runtime": '"2.11"', "labels": "{}", "fields": "", "another": "v2", **changed})
    file = tmp_path / "Pulumi.dev.yaml"
    if with_file:
        file.write_text(text, encoding="utf-8")
    try:
        platforms.read(handed_over(text), lambda *_: pytest.fail("there is no artifact to find"), Source(file=file))
    except errors.InvalidInput as error:
        return dict(error.failures)
    return {}


@pytest.mark.parametrize(
    ("changed", "path", "says"),
    [
        ({"runtime": "2.10"}, "tf2-models:runtimeVersion", 'line 5: YAML reads 2.10 as the number 2.1: write "2.10"'),
        ({"runtime": "2024-01-01"}, "tf2-models:runtimeVersion", 'YAML reads 2024-01-01 as a date: write "2024-01-01"'),
        ({"runtime": "0211"}, "tf2-models:runtimeVersion", 'YAML reads 0211 as the number 137: write "0211"'),
        (
            {"another": "2024-01-01"},
            "tf2-models:models.m.versions.2024-01-01",
            'line 12: YAML reads 2024-01-01 as a date: write "2024-01-01"',
        ),
        ({"another": "2.10"}, "tf2-models:models.m.versions.2.10", 'YAML reads 2.10 as the number 2.1: write "2.10"'),
        ({"another": "TRUE"}, "tf2-models:models.m.versions.TRUE", 'YAML reads TRUE as the boolean true: write "TRUE"'),
        ({"fields": ", runtimeVersion: 2.10"}, f"{V1}.runtimeVersion", 'as the number 2.1: write "2.10"'),
        ({"fields": ", description: 2024-01-01"}, f"{V1}.description", 'as a date: write "2024-01-01"'),
        ({"fields": ", description: true"}, f"{V1}.description", 'as the boolean true: write "true"'),
        ({"fields": ", description: 007"}, f"{V1}.description", 'YAML reads 007 as the number 7: write "007"'),
        ({"fields": ", description:"}, f"{V1}.description", "must be a string"),
        ({"labels": "{year: 2024}"}, "tf2-models:models.m.labels.year", 'the number 2024: write "2024"'),
        ({"labels": "{day: 2024-01-01}"}, "tf2-models:models.m.labels.day", 'as a date: write "2024-01-01"'),
        ({"labels": "{1_0: a}"}, "tf2-models:models.m.labels.1_0", 'reads 1_0 as the number 10: write "1_0"'),
        ({"another": "08"}, "tf2-models:models.m.versions.08", 'YAML reads 08 as the number 8: write "08"'),
        ({"labels": "{1e3: a}"}, "tf2-models:models.m.labels.1e3", 'reads 1e3 as the number 1000: write "1e3"'),
        ({"fields": ", machineType: ~"}, f"{V1}.machineType", "line 11: YAML reads ~ as null: leave it out"),
        ({"fields": ", machineType: null"}, f"{V1}.machineType", 'as null: leave it out, or write "null"'),
        ({"fields": ", machineType:"}, f"{V1}.machineType", 'reads nothing as null: leave it out, or write ""'),
        ({"runtime": "~"}, "tf2-models:runtimeVersion", "YAML reads ~ as null: leave it out"),
    ],
)
def test_each_is_explained(tmp_path: Path, changed: dict[str, str], path: str, says: str) -> None:
    """It is the only failure at its path, which has the key as it is written."""
    found = failures(tmp_path, changed)

    assert says in found[path]
    assert "UTC" not in str(found)


@pytest.mark.parametrize(
    "changed",
    [
        {"another": "08"},
        {"another": '08: {artifact: "gs://bucket/f/", runtimeVersion: 2.20, <<: *common}\n        v2'},
        {"labels": "{1e3: a}"},
        {"runtime": "2.20", "fields": ', pythonVersion: "3.9"'},
        {"another": '08: {artifact: "gs://bucket/f/", <<: *common, labels: {1e3: a}}\n        v2'},
    ],
)
def test_no_other_failure_has_the_altered_text(tmp_path: Path, changed: dict[str, str]) -> None:
    """What follows from it is not reported again: paths have the keys of the file, and no text that YAML made."""
    found = failures(tmp_path, changed)

    assert found
    assert [path for path in found if re.search(r"\.(8|1000)\b|versions\[", path)] == []
    assert [why for why in found.values() if "line " not in why] == []


@pytest.mark.parametrize(
    "changed",
    [
        {"runtime": "2.11"},  # nothing is lost
        {"labels": "{country: no}"},  # a text to Pulumi, not so to PyYAML
        {"labels": '{day: "2024-01-01"}'},
        {"fields": ", description: 12:30"},
    ],
)
def test_what_is_a_text_all_the_same(tmp_path: Path, changed: dict[str, str]) -> None:
    """Unquoted text that Pulumi does not convert is accepted."""
    assert failures(tmp_path, changed) == {}


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"another": "2024-01-01"}, "YAML reads it as a date"),
        ({"labels": "{day: 2024-01-01}"}, "YAML reads it as a date"),
        ({"fields": ", runtimeVersion: 2.10"}, "it is the number 2.1: put it in quotes"),
        ({"fields": ", description: true"}, "it is the boolean true: put it in quotes"),
    ],
)
def test_without_the_file(tmp_path: Path, changed: dict[str, str], says: str) -> None:
    """With `--config-file` the file is not known: type and quotes are reported all the same."""
    assert says in str(failures(tmp_path, changed, with_file=False))


def test_a_file_that_says_something_else_explains_nothing(tmp_path: Path) -> None:
    """Lines of a file with other values are not reported."""
    (tmp_path / "Pulumi.dev.yaml").write_text(STACK.format(runtime="2.30", labels="{}", fields="", another="v3"))

    assert failures(tmp_path, {}, with_file=False) == {}


def test_the_commands_explain_it_too(tmp_path: Path) -> None:
    """`models build --stack` and `prediction --stack` read the same file in the same way."""
    text = STACK.format(runtime='"2.11"', labels="{}", fields="", another="2024-01-01")
    (tmp_path / "Pulumi.dev.yaml").write_text(text.replace("demo", "0123"), encoding="utf-8")

    with pytest.raises(ModelsError, match=r'm\.versions.2024-01-01: line 12: YAML reads 2024-01-01 as a date: write "'):
        stack_artifacts("dev", tmp_path)
    with pytest.raises(
        errors.InvalidInput, match=r'gcp:project: line 3: YAML reads 0123 as the number 83: write "0123"'
    ):
        settings.target(stack="dev", project=None, endpoint=None, region=None, folder=tmp_path)


def test_keys_without_the_namespace_are_explained_too(tmp_path: Path) -> None:
    """They are the project's keys, for `models build --stack` and `prediction --stack` too."""
    text = STACK.format(runtime='"2.11"', labels="{}", fields="", another="2024-01-01").replace("tf2-models:", "")
    file = tmp_path / "Pulumi.dev.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ModelsError, match=r'm\.versions.2024-01-01: line 12: YAML reads 2024-01-01 as a date: write "'):
        stack_artifacts("dev", tmp_path)
    file.write_text(text.replace("2024-01-01", "v2").replace("http://127.0.0.1:1", "0123"), encoding="utf-8")

    assert [each for each, _, _ in stack_artifacts("dev", tmp_path)] == ["m.versions.v1", "m.versions.v2"]
    with pytest.raises(errors.InvalidInput, match=r'endpoint: line 4: YAML reads 0123 as the number 83: write "0123"'):
        settings.target(stack="dev", project=None, endpoint=None, region=None, folder=tmp_path)


def test_no_is_a_text_in_the_commands(tmp_path: Path) -> None:
    """`no` is text, as to Pulumi."""
    text = STACK.format(runtime='"2.11"', labels="{}", fields="", another="v2").replace("demo", "no")
    (tmp_path / "Pulumi.dev.yaml").write_text(text, encoding="utf-8")

    found = settings.target(stack="dev", project=None, endpoint=None, region=None, folder=tmp_path)

    assert found.project == "no"
    assert [each for each, _, _ in stack_artifacts("dev", tmp_path)] == ["m.versions.v1", "m.versions.v2"]
    assert stack_yaml.load((ROOT / "Pulumi.local.yaml").read_text(encoding="utf-8")).unquoted
