"""The command with few permissions: a test server gives responses that Google may give."""

from __future__ import annotations

from typing import Any

import pytest

from tests.prediction.deployment import run
from tests.prediction.wire import Wire

FORBIDDEN = (403, {"error": {"code": 403, "message": "Denied.", "status": "PERMISSION_DENIED"}})
MISSING = (404, {"error": {"code": 404, "message": "Not there."}})
VERSION = {"name": "projects/p/models/m/versions/v1", "deploymentUri": "gs://b/x/", "isDefault": True}
MODEL = (200, {"name": "projects/p/models/m", "defaultVersion": VERSION})
NO_URI = (200, {"name": "projects/p/models/m", "defaultVersion": {"name": "projects/p/models/m/versions/v1"}})
ANSWER = (200, {"predictions": [[0.25, 0.75]]})
CLASSES = (200, {"samples": [], "classes": ["no", "yes"]})


@pytest.mark.parametrize(
    ("before", "head", "asked", "predicted"),
    [
        ([FORBIDDEN], "m, default version, on ", "/v1/projects/p/models/m:predict", "1"),
        ([MODEL, FORBIDDEN], "m, version v1 (default), on ", "/v1/projects/p/models/m/versions/v1:predict", "1"),
        ([MODEL, MISSING], "m, version v1 (default), on ", "/v1/projects/p/models/m/versions/v1:predict", "1"),
        ([MODEL, (200, "no manifest")], "m, version v1 (default), on ", "/v1/projects/p/models/m/versions/v1", "1"),
        ([MODEL, CLASSES], "m, version v1 (default), on ", "/v1/projects/p/models/m/versions/v1", "yes"),
    ],
)
def test_given_instances(wire: Wire, before: list[tuple[int, Any]], head: str, asked: str, predicted: str) -> None:
    """With permission to predict only, predictions have numbers instead of class names."""
    wire.answers = [*before, ANSWER]

    done = run("m", "--project", "p", "--endpoint", wire.endpoint, "--instances", "-", given="[1]")

    lines = done.stdout.splitlines()

    assert (done.returncode, done.stderr) == (0, "")
    assert lines[0] == head + wire.endpoint
    assert lines[3].split() == ["0", predicted, "75.0%"]
    assert wire.requests[-1][0].startswith(asked)


@pytest.mark.parametrize(
    "before",
    [
        [MISSING],  # the model, or its version
        [(200, {"name": "projects/p/models/m"})],  # all of its versions
        [MODEL, MODEL, MISSING],
        [(400, {"error": {"code": 400, "message": "No default version.", "status": "FAILED_PRECONDITION"}})],
    ],
)
def test_version_deleted_outside_of_pulumi(wire: Wire, before: list[tuple[int, Any]]) -> None:
    """`pulumi up` goes by the state and answers "unchanged": the line says `pulumi refresh`."""
    wire.answers = list(before)

    done = run(
        "m", "--project", "p", "--endpoint", wire.endpoint, *["--instances", "-"] * (len(before) > 1), given="[1]"
    )

    (line,) = done.stderr.splitlines()

    assert done.returncode == 1
    assert line.endswith("after a change outside of Pulumi, run `pulumi refresh` first")


@pytest.mark.parametrize(
    ("before", "says"),
    [
        ([FORBIDDEN], "roles/ml.developer"),
        ([(200, {"name": "projects/p/models/m"})], "has no default version"),
        ([MODEL, MISSING], "gs://b/x/manifest.json not found: give your own with --instances FILE"),
        (
            [MODEL, (200, "no manifest")],
            "gs://b/x/manifest.json is not a valid manifest (storage.objects.get: not a JSON object",
        ),
        ([MODEL, (200, {"samples": [1]})], "gs://b/x/manifest.json is not a valid manifest"),
        ([MODEL, CLASSES], "no sample instances in gs://b/x/"),
        ([NO_URI], "no SavedModel in a bucket"),
    ],
)
def test_no_samples(wire: Wire, before: list[tuple[int, Any]], says: str) -> None:
    """Without samples, one line says why and what to do."""
    wire.answers = list(before)

    done = run("m", "--project", "p", "--endpoint", wire.endpoint)

    (line,) = done.stderr.splitlines()

    assert done.returncode == 1
    assert says in line
