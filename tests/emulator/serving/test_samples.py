"""Samples made of a SavedModel: of its warm-up requests, generated, or of instances that are given."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from emulator.core.predictions import PREDICTIONS
from emulator.serving import Serving
from emulator.serving.chunks import tfrecord
from tests.emulator.serving.asking import parsed
from tests.emulator.serving.warmed import log, with_requests
from tests.running import BOUND, ROOT

pytestmark = pytest.mark.tensorflow
Run = Callable[[Coroutine[Any, Any, Any]], Any]


async def _samples(serving: Serving, folder: Path, **order: Any) -> Any:
    """What a node answers to an order."""
    whole = {"signature": None, "count": 3, "instances": None, **order}
    async with serving.sampler(folder) as node:
        kind, content = await node.ask(json.dumps(whole).encode())
    return json.loads(content) if kind == PREDICTIONS else {"error": content.decode()}


def _command(folder: Path, *options: str, given: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "emulator.serving.sampling", str(folder), *options]
    return subprocess.run(command, cwd=ROOT, input=given, capture_output=True, text=True, check=False, timeout=BOUND)


def test_samples_are_those_of_the_warm_up_requests(serving: Serving, exports: Path, run: Run, tmp_path: Path) -> None:
    """Each row of each request is an instance, up to the number that is asked for."""
    logs = [log("serving_default", 1.0, 2.0), log("train", 7.0), log("", 3.0, 4.0)]
    folder = with_requests(exports / "gpu", tmp_path / "m", b"".join(map(tfrecord.frame, [log("predict", 1.0, 2.0)])))
    trained = with_requests(exports / "train", tmp_path / "t", b"".join(map(tfrecord.frame, logs)))

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
        (
            "kinds",
            {},
            "the model has 8 signatures and no serving_default: beside, fixed, labels, large, pixel, rank, raw",
        ),
        ("kinds", {}, "; name one of them with --signature KEY"),
        ("kinds", {"signature": "none"}, "No signature found for signature key none. The model has: beside, fixed,"),
        ("gpu", {"instances": ["a"]}, 'Invalid inputs: instance 0, input x: expected float32, got "a"'),
        ("sparse", {"signature": "few"}, "output cells is a sparse tensor"),
    ],
)
def test_an_order_without_samples_gets_the_reason(
    serving: Serving, exports: Path, run: Run, model: str, order: dict[str, Any], error: str
) -> None:
    """It names the signatures to choose from, or is what a request would get."""
    assert error in run(_samples(serving, exports / model, **order))["error"]


@pytest.mark.parametrize("given", [None, [1.0]])
@pytest.mark.parametrize(
    ("key", "why"),
    [
        (None, "signature serving_default writes (AssignAddVariableOp), so its answers change: they cannot be samples"),
        ("called", "signature called writes (AssignAddVariableOp), so its answers change"),
        ("product", "signature product writes (AssignAddVariableOp), so its answers change"),
        ("random", "signature random draws random numbers (RandomUniform), so its answers change"),
        ("clock", "signature clock reads the clock (Timestamp), so its answers change"),
    ],
)
def test_a_signature_whose_answers_change_has_no_samples(
    serving: Serving, exports: Path, run: Run, key: str | None, why: str, given: list[float] | None
) -> None:
    """The reason names the operation, also where the instances are given."""
    assert why in run(_samples(serving, exports / "varied", signature=key, instances=given))["error"]


def test_the_command_refuses_a_signature_that_writes(exports: Path) -> None:
    """Exit code 1 and one line."""
    done = _command(exports / "varied")

    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert "signature serving_default writes (AssignAddVariableOp)" in done.stderr


@pytest.mark.parametrize("key", ["printed", "seeded", "counted"])
def test_a_signature_with_steady_answers_has_samples(serving: Serving, exports: Path, run: Run, key: str) -> None:
    """Also one that prints, has a seed, or writes what its answers do not depend on."""
    found = run(_samples(serving, exports / "varied", signature=key))

    assert len(found["samples"]) == 3


@pytest.mark.parametrize(
    ("model", "key", "given", "expected"),
    [
        ("together", "mean", [1.0, 3.0], [1.0, 3.0]),
        ("together", "whole", [1.0, 3.0], [1.0, 3.0]),
        ("together", "centre", [1.0, 3.0], [0.0, 0.0]),
        ("together", "single", [[1.0], [3.0]], [2.0, 6.0]),
        ("together", "pair", [[1.0], [3.0]], [2.0, 6.0]),
        ("together", "pool", [1.0, 10.0], ["Infinity pool", "NaN"]),
        ("kinds", "scalar", [1.0, 3.0], None),
    ],
)
def test_a_sample_is_what_the_instance_gets_alone(
    serving: Serving, exports: Path, run: Run, model: str, key: str, given: list[Any], expected: list[Any] | None
) -> None:
    """Also where instances influence each other, or a call takes one; where it takes two, what they get together."""
    found = run(_samples(serving, exports / model, signature=key, instances=given))
    run(serving.load("k", exports / model, nodes=1))
    bodies = [{"instances": given if key == "pair" else [each], "signature_name": key} for each in given]
    asked = [parsed(run(serving.predict("k", json.dumps(body).encode()))) for body in bodies]

    predictions = [sample["prediction"] for sample in found["samples"]]
    answers = asked[0]["predictions"] if key == "pair" else [each["predictions"][0] for each in asked]
    assert predictions == answers
    assert expected is None or [prediction["y"] for prediction in predictions] == expected


def test_a_fixed_number_of_instances_gives_as_many_samples(serving: Serving, exports: Path, run: Run) -> None:
    """All different, whatever number was asked for: they can be asked together and not otherwise."""
    found = run(_samples(serving, exports / "kinds", signature="fixed", count=2))

    assert len({json.dumps(sample["instance"]) for sample in found["samples"]}) == len(found["samples"]) == 3


@pytest.mark.parametrize(
    ("model", "order", "error"),
    [
        ("together", {"signature": "infinite"}, "a prediction holds NaN or an infinity"),
        ("together", {"signature": "pair", "instances": [[1.0]]}, "the model takes exactly 2 instances, got 1"),
        ("together", {"signature": "mean", "instances": [1.0, "a"]}, 'instance 1, input x: expected float32, got "a"'),
        ("together", {"signature": "nothing", "instances": [1.0]}, "instance 0 must be an empty object"),
    ],
)
def test_instances_without_samples_get_the_reason(
    serving: Serving, exports: Path, run: Run, model: str, order: dict[str, Any], error: str
) -> None:
    """It counts the instances as they were given."""
    assert error in run(_samples(serving, exports / model, **order))["error"]


def test_warm_up_requests_of_a_named_signature_are_used(
    serving: Serving, exports: Path, run: Run, tmp_path: Path
) -> None:
    """Without repeated instances, and up to the number that is asked for."""
    logs = [log("seeded", 8.0, 9.0), log("printed", 5.0, 5.0, 6.0, 7.0)]
    folder = with_requests(exports / "varied", tmp_path / "m", b"".join(map(tfrecord.frame, logs)))

    found = run(_samples(serving, folder, signature="printed", count=2))

    assert found["source"] == "warm-up requests"
    assert [(each["instance"], each["prediction"]["y"]) for each in found["samples"]] == [(5.0, 10.0), (6.0, 12.0)]


def test_a_signature_without_inputs_has_one_sample(serving: Serving, exports: Path, run: Run) -> None:
    """Of the empty object."""
    found = run(_samples(serving, exports / "together", signature="nothing"))

    assert found["samples"] == [{"instance": {}, "prediction": {"y": 7.0}}]


def test_a_bare_word_is_no_instance(exports: Path) -> None:
    """NaN cannot stand in a file of samples."""
    done = _command(exports / "gpu", "--instances", "-", given='{"instances": [NaN]}')

    assert (done.returncode, done.stderr) == (
        1,
        'standard input: expected {"instances": [...]}: NaN is not valid JSON\n',
    )
