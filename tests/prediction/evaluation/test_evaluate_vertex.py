"""`python -m prediction evaluate`, and pictures, on Vertex AI against models that really serve."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.prediction.deployment import file_of
from tests.prediction.vertex_deployment import VertexDeployment

pytestmark = pytest.mark.tensorflow
PATIENTS = "age,thal,target,name\n32,normal,0,a\n96,normal,1,b\n10,fixed,0,c\n64,fixed,1,d\n"


@pytest.fixture(scope="module")
def served(vertex_deployment: VertexDeployment) -> Iterator[VertexDeployment]:
    """Two of the models behind endpoints."""
    for name in ("risk", "clothes"):
        vertex_deployment.serve(name, f"{vertex_deployment.vertex.place}/models/{name}@1")
    yield vertex_deployment
    vertex_deployment.vertex.undeploy_all()


def test_metrics_are_those_of_the_model(served: VertexDeployment, tmp_path: Path) -> None:
    """The same as on `ml` v1; the title names the version that answered, and the bare output has its name."""
    data = file_of(tmp_path, "patients.csv", PATIENTS)

    shown = served.run("evaluate", "risk", "--data", data)
    named = served.run("evaluate", "risk", "--data", data, "--json", "--output", "prediction_probability")
    wrong = served.run("evaluate", "risk", "--data", data, "--output", "other")

    assert shown.returncode == 0, shown.stderr
    assert shown.stdout.startswith(f"risk, version v1, on {served.emulator.endpoint}\n4 rows of ")
    found = json.loads(named.stdout)
    assert (found["version"], found["metrics"]["accuracy"], found["metrics"]["auc"]) == ("v1", 0.75, 0.75)
    assert (wrong.returncode, "unknown output other; the model has prediction_probability" in wrong.stderr) == (2, True)


def test_samples_are_drawn(served: VertexDeployment, tmp_path: Path) -> None:
    """A picture of the samples in the bucket, with classes from the manifest."""
    picture = tmp_path / "picture.png"

    done = served.run("clothes", "--count", "3", "--plot", str(picture))

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"clothes, version v1, on {served.emulator.endpoint}\n")
    assert f"{picture} shows 3 samples" in done.stdout
    assert picture.read_bytes()[:4] == b"\x89PNG"
