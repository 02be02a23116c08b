"""Predictions on Vertex AI: the service splits the requests, and answers name the version that gave them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gcp import errors
from prediction import Client, predict_json
from tests.engine import Engine
from tests.program.test_vertex import REGION, configuration
from tests.running import BOUND, ROOT, RunningEmulator

pytestmark = [pytest.mark.engine, pytest.mark.tensorflow]


@pytest.fixture(scope="module")
def stack(emulator: RunningEmulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """A stack with two versions that share the requests; its output `models`, and its project."""
    folder, project = tmp_path_factory.mktemp("vertex"), "predict-vertex"
    engine = Engine(folder / "engine")
    engine.write(configuration(emulator, project, folder))
    engine.edit("mult.trafficSplit", {"v1": 50, "v2": 50})
    engine.up()
    yield {"project": project, "models": engine.outputs()["models"], "endpoint": emulator.endpoint}
    engine.stack("destroy", "--suppress-progress")


def test_an_answer_names_the_version_that_gave_it(stack: dict[str, Any]) -> None:
    """The client is made from the stack's output; each prediction is the named version's."""
    factors = {"v1": 2.0, "v2": 3.0}
    seen = set()
    with Client.of_output(stack["models"]["mult"]) as client:
        for _ in range(60):
            found = client.predict([1.0, 2.0])
            [version] = set(found.versions)
            assert found == [{"y": factors[str(version)]}, {"y": 2 * factors[str(version)]}]
            seen.add(version)
    assert seen == {"v1", "v2"}


def test_predict_json_asks_an_endpoint(stack: dict[str, Any]) -> None:
    """A single output is bare, as TensorFlow Serving answers it; a signature goes by `rawPredict`."""
    place = {"endpoint": stack["endpoint"], "region": REGION, "platform": "vertex"}

    assert predict_json(stack["project"], "mult", [1.0], **place)[0] in (2.0, 3.0)
    assert predict_json(stack["project"], "mult", [1.0], signature_name="serving_default", **place)[0] in (2.0, 3.0)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"version": "v1", "region": REGION}, "cannot be chosen on Vertex AI"),
        ({}, "region: is missing: Vertex AI serves in regions"),
        ({"region": REGION, "platform": "cloud"}, "must be one of ml, vertex"),
    ],
)
def test_what_vertex_cannot_do_is_refused_before_a_call(
    stack: dict[str, Any], options: dict[str, str], reason: str
) -> None:
    """A version cannot be asked for, and a region must be given."""
    with pytest.raises(errors.InvalidInput, match=reason):
        predict_json(
            stack["project"], "mult", [1.0], **{"endpoint": stack["endpoint"], "platform": "vertex", **options}
        )


def test_the_command_line_says_which_versions_answered(stack: dict[str, Any], tmp_path: Path) -> None:
    """`--json` has the version of each prediction, by output name; the platform is that of the stack file."""
    config = {"gcp:project": stack["project"], "gcp:region": REGION, "tf2-models:platform": "vertex"}
    (tmp_path / "Pulumi.dev.yaml").write_text(
        json.dumps({"config": {**config, "tf2-models:endpoint": stack["endpoint"]}})
    )
    (tmp_path / "rows.json").write_text("[1.0, 2.0]")
    command = [sys.executable, "-m", "prediction"]
    online = ["mult", "--instances", "rows.json"]

    def run(*words: str) -> str:
        done = subprocess.run(
            [*command, *words, "--stack", "dev"],
            cwd=tmp_path,
            env={"PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=BOUND,
            check=True,
        )
        return done.stdout

    rows = "".join(f'{{"instance": {x}, "label": {2 * x}}}\n' for x in range(1, 5))
    (tmp_path / "labelled.jsonl").write_text(rows)
    found = json.loads(run("evaluate", "mult", "--data", "labelled.jsonl", "--json"))
    assert found["metrics"]["mae"] == {"v1": 0.0, "v2": 2.5}[found["version"]]

    answer = json.loads(run(*online, "--json"))
    factor = {"v1": 2.0, "v2": 3.0}[answer["versions"][0]]
    assert answer["predictions"] == [{"y": factor}, {"y": 2 * factor}]
    assert run(*online).startswith(("mult, version v1, on http", "mult, version v2, on http"))
