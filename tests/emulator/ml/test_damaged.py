"""SavedModels that cannot be loaded: their operation says why, and everybody else is served."""

from __future__ import annotations

import random

import pytest

from tests.emulator import saved_models
from tests.emulator.ml.caller import N1, Caller

pytestmark = pytest.mark.tensorflow

GRAPH = saved_models.multiplier(3.0)
DAMAGED = {
    "empty": b"",
    "garbage": random.Random(1).randbytes(4096),  # noqa: S311 - no secret
    "cut short": GRAPH[: len(GRAPH) // 2],
    "a page": b"<html>not found</html>",
    "no node of that kind": GRAPH.replace(b"Mul", b"Mux"),
}


def test_damaged_graphs_fail_alone(ml: Caller) -> None:
    """Each operation ends in an error, with a FAILED version; what serves goes on, and a good one can follow."""
    model = ml.model()
    ml.version(model)
    for number, content in enumerate(DAMAGED.values()):
        uri = ml.upload(f"damaged-{number}", content)
        body = {"name": f"d{number}", "deploymentUri": uri, **N1}
        ended = ml.wait(ml.versions.create(parent=model, body=body).execute())

        assert ended["error"]["code"] == 3, ended
        assert ended["error"]["message"].startswith("Bad model detected with error: "), ended
        assert ml.versions.get(name=f"{model}/versions/d{number}").execute()["state"] == "FAILED"
        assert ml.predict(model, [2.0]) == {"predictions": [{"y": 4.0}]}

    ml.version(model, "v2", 3.0)
    assert ml.predict(f"{model}/versions/v2", [2.0]) == {"predictions": [{"y": 6.0}]}
