"""Warm-up requests of an export, and samples made of a SavedModel."""

from __future__ import annotations

import json
import shutil
import struct
import subprocess
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from benchmarks.warmed import prediction_log
from emulator.jobs import tfrecord
from emulator.serving import Serving
from tests.running import BOUND, ROOT

pytestmark = pytest.mark.tensorflow
Run = Callable[[Coroutine[Any, Any, Any]], Any]


def _log(signature: str, *values: float) -> bytes:
    """A `PredictionLog` of a request with the vector `x`."""
    return prediction_log("x", values, [len(values)], signature)


def _with_requests(model: Path, copy: Path, content: bytes) -> Path:
    shutil.copytree(model, copy)
    (copy / "assets.extra").mkdir()
    (copy / "assets.extra" / "tf_serving_warmup_requests").write_bytes(content)
    return copy


async def _samples(serving: Serving, folder: Path, **order: Any) -> Any:
    """What a node answers to an order."""
    whole = {"signature": None, "count": 3, "instances": None, **order}
    async with serving.sampler(folder) as node:
        return json.loads(await node.ask(json.dumps(whole).encode()))


def _command(folder: Path, *options: str, given: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "emulator.serving.sampling", str(folder), *options]
    return subprocess.run(command, cwd=ROOT, input=given, capture_output=True, text=True, check=False, timeout=BOUND)


async def _ask(serving: Serving, instances: Any) -> Any:
    return json.loads(await serving.predict("k", json.dumps({"instances": instances}).encode()))


def test_warm_up_requests_are_run(serving: Serving, exports: Path, run: Run, tmp_path: Path) -> None:
    """Each moves a seeded sequence of random numbers on: after two, the first answer is what the third was without."""
    run(serving.load("k", exports / "drawn", nodes=1))
    without = [run(_ask(serving, [0.0])) for _ in range(3)]
    run(serving.unload("k"))
    content = tfrecord.frame(_log("serving_default", 1.0)) + tfrecord.frame(_log("", 2.0))
    run(serving.load("k", _with_requests(exports / "drawn", tmp_path / "m", content), nodes=1))

    assert run(_ask(serving, [0.0])) == without[2]
    assert without[2] not in without[:2]


def test_a_warm_up_request_of_a_signature_that_writes_is_not_run(
    serving: Serving, exports: Path, run: Run, tmp_path: Path
) -> None:
    """The weight is what the export holds, whatever the file asks for."""
    content = b"".join(map(tfrecord.frame, [_log("train", 1.0), _log("", 1.0), _log("unknown", 1.0)]))
    run(serving.load("k", _with_requests(exports / "train", tmp_path / "m", content), nodes=1))

    assert run(_ask(serving, [0.0])) == {"predictions": [{"y": 0.204}]}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"noise" * 100,
        tfrecord.frame(_log("serving_default", 1.0))[:-3],
        tfrecord.frame(b"\xff" * 40),
        struct.pack("<Q", 1 << 60) + bytes(8),
    ],
    ids=["empty", "noise", "cut short", "another message", "huge"],
)
def test_a_damaged_file_fails_no_model(
    serving: Serving, exports: Path, run: Run, tmp_path: Path, content: bytes
) -> None:
    """The model can answer, and so it is served."""
    run(serving.load("k", _with_requests(exports / "train", tmp_path / "m", content), nodes=1))

    assert run(_ask(serving, [0.0])) == {"predictions": [{"y": 0.204}]}


def test_samples_are_those_of_the_warm_up_requests(serving: Serving, exports: Path, run: Run, tmp_path: Path) -> None:
    """Each row of each request is an instance, up to the number that is asked for."""
    logs = [_log("serving_default", 1.0, 2.0), _log("train", 7.0), _log("", 3.0, 4.0)]
    folder = _with_requests(exports / "gpu", tmp_path / "m", b"".join(map(tfrecord.frame, [_log("predict", 1.0, 2.0)])))
    trained = _with_requests(exports / "train", tmp_path / "t", b"".join(map(tfrecord.frame, logs)))

    found, several = (run(_samples(serving, each)) for each in (folder, trained))

    assert found == {
        "samples": [
            {"instance": 1.0, "prediction": {"y": 3.0}},
            {"instance": 2.0, "prediction": {"y": 6.0}},
        ],
        "source": "warm-up requests",
    }
    assert [sample["instance"] for sample in several["samples"]] == [1.0, 2.0, 3.0]


@pytest.mark.parametrize(
    ("model", "key"),
    [("kinds", "rank"), ("kinds", "beside"), ("kinds", "pixel"), ("vocabulary", "serving_default")],
)
def test_samples_are_generated_from_a_signature(
    serving: Serving, exports: Path, run: Run, model: str, key: str
) -> None:
    """Different instances, each with what the model answers, by output name."""
    found = run(_samples(serving, exports / model, signature=key))

    instances = [json.dumps(sample["instance"]) for sample in found["samples"]]
    assert found["source"] == "signature"
    assert len(set(instances)) == len(instances) > 1
    assert all(isinstance(sample["prediction"], dict) for sample in found["samples"])


def test_samples_are_made_of_given_instances(exports: Path) -> None:
    """All of them, from standard input."""
    done = _command(exports / "gpu", "--instances", "-", given='{"instances": [1, 2.5]}')

    assert json.loads(done.stdout) == {
        "samples": [{"instance": 1, "prediction": {"y": 3.0}}, {"instance": 2.5, "prediction": {"y": 7.5}}],
        "source": "instances",
    }


@pytest.mark.parametrize(
    ("model", "options", "given", "reason"),
    [
        ("ragged", [], "", "Failed to load model: signature serving_default: output pieces is a ragged tensor"),
        ("gpu", ["--instances", "-"], "{}", "standard input: expected"),
    ],
)
def test_what_has_no_samples_says_why(exports: Path, model: str, options: list[str], given: str, reason: str) -> None:
    """Exit code 1, one line on standard error, nothing on standard output."""
    done = _command(exports / model, *options, given=given)

    assert (done.returncode, done.stdout) == (1, "")
    assert reason in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("model", "order", "error"),
    [
        ("kinds", {}, "No signature found for signature key serving_default. The model has: beside, fixed, labels,"),
        ("gpu", {"instances": ["a"]}, 'Invalid inputs: instance 0, input x: expected float32, got "a"'),
        ("sparse", {"signature": "few"}, "output cells is a sparse tensor"),
    ],
)
def test_an_order_without_samples_gets_the_reason(
    serving: Serving, exports: Path, run: Run, model: str, order: dict[str, Any], error: str
) -> None:
    """It is what a request would get."""
    assert error in run(_samples(serving, exports / model, **order))["error"]
