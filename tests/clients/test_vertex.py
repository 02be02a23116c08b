"""Google's clients of `aiplatform`, unmodified: Python over REST, `gcloud ai`, Node and Go."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.clients import installed
from tests.clients.gcloud import Gcloud
from tests.emulator.vertex.caller import PREBUILT, VertexCaller
from tests.running import BOUND, RunningEmulator

pytestmark = [pytest.mark.faults, pytest.mark.tensorflow]
PROGRAMS: dict[str, tuple[Callable[[], Sequence[str]], dict[str, Any]]] = {
    "go": (lambda: [str(installed.go("vertex", "vertex-go"))], {"initial": 1}),
    "node": (lambda: ["node", f"{installed.node('vertex-node')}/vertex.js"], {"split": [100]}),
}
"""Language -> its program, and what it sees that others do not."""


@pytest.fixture
def vertex(emulator: RunningEmulator, project: str) -> Iterator[VertexCaller]:
    """A caller in the test's project; its nodes end with the test."""
    caller = VertexCaller(emulator, project)
    yield caller
    caller.undeploy_all()


def output(command: Sequence[str], environment: dict[str, str] | None = None) -> Any:
    """The last line of a program's output, parsed from JSON."""
    done = subprocess.run(
        command,
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        timeout=BOUND,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_the_python_sdk_works(vertex: VertexCaller) -> None:
    """Versions, aliases, deployments, a split, predictions, a batch job, migration, deletion; operations are polled."""
    doubles, triples = vertex.artifact(2.0), vertex.artifact(3.0)
    vertex.files.upload("rows", b"1\n2\n", "rows.jsonl")
    story = installed.PROGRAMS / "vertex-python" / "story.py"
    given = (vertex.emulator.endpoint, vertex.project, doubles, triples, f"gs://{vertex.files.bucket}/rows")

    seen = output([sys.executable, str(story), *given], {"PYTHONPATH": str(installed.python("vertex-python"))})

    assert seen == {
        "versions": ["1", "2"],
        "listed": ["m"],
        "aliases": {"1": ["default", "prod"], "2": ["new"]},
        "description": "described",
        "split": [30, 70],
        "accelerator": "NVIDIA_TESLA_A100",
        "predictions": ["[2.0, 4.0]", "[3.0, 6.0]"],
        "answered": ["1", "2"],
        "after": "[3.0]",
        "refused": "BadRequest",
        "batch": [{"instance": 1, "prediction": 3}, {"instance": 2, "prediction": 6}],
        "migratable": 0,
        "left": [0, 0],
    }


@pytest.mark.parametrize("language", PROGRAMS)
def test_other_languages_work(vertex: VertexCaller, language: str) -> None:
    """Upload, endpoint, deployment with a split, prediction, deletion; Go in v1beta1, with a minimum of 0."""
    command, own = PROGRAMS[language]

    seen = output([*command(), vertex.emulator.endpoint, vertex.project, vertex.artifact(2.0)])

    assert seen == {"version": "1", "predictions": 4, "answered": True, **own}


def test_gcloud_works(vertex: VertexCaller, gcloud: Gcloud, tmp_path: Path) -> None:
    """It polls operations of endpoints in v1beta1, and describes an operation by its flat name."""
    parent, image = f"{vertex.place}/models/m", f"--container-image-uri={PREBUILT['imageUri']}"
    upload = ("ai", "models", "upload", "--display-name=m", image)
    (tmp_path / "request.json").write_text('{"instances": [1.0]}')
    asked = f"{tmp_path}/request.json"

    gcloud.run(*upload, "--model-id=m", f"--artifact-uri={vertex.artifact(2.0)}")
    gcloud.run(*upload, f"--parent-model={parent}", "--version-aliases=new", f"--artifact-uri={vertex.artifact(3.0)}")
    gcloud.run("ai", "endpoints", "create", "--display-name=e", "--endpoint-id=e1")
    deploy = ("ai", "endpoints", "deploy-model", "e1", "--display-name=d")
    gcloud.run(*deploy, "--model=m@1", "--deployed-model-id=1", "--traffic-split=0=100")
    gcloud.run(*deploy, "--model=m@new", "--deployed-model-id=2", "--machine-type=n1-standard-4")
    gcloud.run("ai", "endpoints", "update", "e1", "--traffic-split=1=0,2=100")

    answer = gcloud.json("ai", "endpoints", "predict", "e1", f"--json-request={asked}")
    assert (answer["predictions"], answer["modelVersionId"]) == ([3.0], "2")
    assert json.loads(gcloud.run("ai", "endpoints", "raw-predict", "e1", f"--request=@{asked}"))["predictions"] == [3.0]
    last = vertex.locations.operations().list(name=vertex.place, pageSize=1).execute()["operations"][0]["name"]
    assert gcloud.json("ai", "operations", "describe", last.rpartition("/")[2])["done"]
    gcloud.run("ai", "endpoints", "undeploy-model", "e1", "--deployed-model-id=1")
    gcloud.run("ai", "endpoints", "undeploy-model", "e1", "--deployed-model-id=2")
    gcloud.run("ai", "endpoints", "delete", "e1")
    gcloud.run("ai", "models", "delete", "m")
    assert gcloud.json("ai", "models", "list") == []
