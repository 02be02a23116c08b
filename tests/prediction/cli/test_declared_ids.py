"""`python -m prediction` with a stack file that gives endpoint and model ids of their own on Vertex AI."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from prediction import settings
from tests.emulator.vertex.caller import LOCATION
from tests.prediction.deployment import file_of, json_lines, patient, run
from tests.prediction.vertex_deployment import MACHINE, VertexDeployment

IDS = {"endpointId": "clinic", "modelId": "risk"}


def write_stack(folder: Path, project: str, endpoint: str, models: dict[str, Any]) -> None:
    """Writes the file of the stack `dev`. JSON is YAML."""
    config = {
        "gcp:project": project,
        "gcp:region": LOCATION,
        "tf2-models:platform": "vertex",
        "tf2-models:endpoint": endpoint,
        "tf2-models:models": models,
    }
    file_of(folder, "Pulumi.dev.yaml", json.dumps({"config": config}))


@pytest.mark.parametrize(
    ("model", "options", "endpoint"),
    [
        ("heart_disease", {"vertex": {"endpointId": "clinic"}}, "clinic"),
        ("heart_disease", {"vertex": {"endpointId": "1234567890"}}, "1234567890"),
        ("heart_disease", {"vertex": {"modelId": "risk"}}, "heart-disease"),
        ("heart_disease", {}, "heart-disease"),
        ("heart_disease", None, "heart-disease"),
        ("other", {"vertex": {"endpointId": "clinic"}}, "other"),
    ],
)
def test_the_endpoint_is_that_of_the_stack_file(
    tmp_path: Path, model: str, options: dict[str, Any] | None, endpoint: str
) -> None:
    """`endpointId` of the model's `vertex` block, else the model's name; a model that is not declared is an id."""
    write_stack(tmp_path, "p", "regional", {"heart_disease": options})

    target = settings.target(stack="dev", project=None, endpoint=None, region=None, folder=tmp_path)

    assert target.resource_name(model) == f"projects/p/locations/{LOCATION}/endpoints/{endpoint}"


def test_without_a_stack_file_the_model_is_the_id(tmp_path: Path) -> None:
    """`--project` reads no stack file."""
    write_stack(tmp_path, "p", "regional", {"heart_disease": {"vertex": IDS}})

    target = settings.target(
        stack=None, project="q", endpoint="regional", region=LOCATION, platform="vertex", folder=tmp_path
    )

    assert target.resource_name("heart_disease") == f"projects/q/locations/{LOCATION}/endpoints/heart-disease"


@pytest.fixture(scope="module")
def stack(vertex_deployment: VertexDeployment, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of a stack file whose model `heart_disease` is really served under other ids."""
    folder = tmp_path_factory.mktemp("stack")
    vertex_deployment.serve("clinic", f"{vertex_deployment.vertex.place}/models/risk@1")
    endpoint = vertex_deployment.emulator.endpoint
    write_stack(folder, vertex_deployment.project, endpoint, {"heart_disease": {"vertex": IDS}})
    yield folder
    vertex_deployment.vertex.undeploy_all()


@pytest.mark.tensorflow
def test_a_served_model_predicts_by_its_name_in_the_stack_file(stack: Path) -> None:
    """A sample, an instance as JSON with the output's name, and the metrics of labelled rows."""
    data = file_of(stack, "patients.csv", "age,thal,target\n32,normal,0\n96,normal,1\n")

    sample = run("heart_disease", "--stack", "dev", cwd=stack)
    given = json.dumps([patient(32)])
    as_json = run("heart_disease", "--stack", "dev", "--instances", "-", "--json", given=given, cwd=stack)
    evaluated = run("evaluate", "heart_disease", "--data", data, "--stack", "dev", cwd=stack)

    assert sample.returncode == 0, sample.stderr
    assert sample.stdout.startswith("heart_disease, version v1, on ")
    assert sample.stdout.splitlines()[-1].split() == ["0", "0.7500", "0"]
    assert as_json.returncode == 0, as_json.stderr
    assert json.loads(as_json.stdout)["predictions"] == [{"prediction_probability": [0.25]}]
    assert evaluated.returncode == 0, evaluated.stderr
    assert evaluated.stdout.startswith("heart_disease, version v1, on ")


@pytest.mark.tensorflow
def test_a_batch_job_uses_the_model_that_the_stack_file_names(stack: Path) -> None:
    """`modelId`: a job needs no endpoint."""
    rows, output = file_of(stack, "rows.jsonl", f"{json.dumps(patient(32))}\n"), stack / "out.jsonl"

    done = run(
        *("batch", "heart_disease", "--input", rows, "--output", str(output), "--stack", "dev", *MACHINE), cwd=stack
    )

    assert done.returncode == 0, done.stderr
    assert json_lines(output) == [{"prediction_probability": [0.25]}]
