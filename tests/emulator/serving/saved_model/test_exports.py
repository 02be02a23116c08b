"""SavedModels as they were made over the years answer as TensorFlow's own session does."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from emulator.core.predictions import Answer, LoadFailed
from emulator.serving import Serving
from emulator.serving.chunks import tfrecord
from emulator.serving.chunks.chunk_options import ChunkOptions
from models.core.errors import FolderError
from models.saved_model import restorable
from tests.emulator.serving.asking import ask
from tests.emulator.serving.saved_model.session_requests import EXAMPLE, REQUESTS
from tests.running import BOUND, ROOT

pytestmark = pytest.mark.tensorflow
Run = Callable[[Coroutine[Any, Any, Any]], Any]

_CASES = [(model, key) for model, keys in REQUESTS.items() for key in keys if model != "parsed"]


def _options(key: str, row_format: str = "JSON") -> ChunkOptions:
    return ChunkOptions(row_format=row_format, batch_size=64, signature=key)


async def _batch(serving: Serving, folder: Path, key: str, instances: Any) -> tuple[dict[str, Any], list[Any]]:
    """The head and the results of a job's chunk."""
    async with serving.worker(folder, _options(key)) as node:
        answer = await node.ask(b"".join(json.dumps(instance).encode() + b"\n" for instance in instances))
    head, *lines = answer.content.splitlines()
    return json.loads(head), list(map(json.loads, lines))


def _local(folder: Path, key: str, instances: Any, scratch: Path) -> list[Any]:
    source, target = scratch / "rows.json", scratch / "results.json"
    source.write_text("".join(json.dumps(instance) + "\n" for instance in instances), encoding="utf-8")
    order = {"model": str(folder), "sources": [str(source)], "target": str(target), "form": "JSON", "signature": key}
    command = [sys.executable, "-m", "emulator.local_job", json.dumps(order)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=BOUND)
    assert json.loads(done.stdout.splitlines()[-1])["state"] == "SUCCEEDED", done.stdout
    return [json.loads(line) for line in target.read_text(encoding="utf-8").splitlines()]


def _expected(exports: Path, model: str, key: str) -> Any:
    """What the session answered, one object for each row; bytes are lists of numbers."""
    outputs = json.loads((exports / "answers.json").read_bytes())[model][key]
    return [dict(zip(outputs, row, strict=True)) for row in zip(*outputs.values(), strict=True)]


def _comparable(value: Any) -> Any:
    """As the session's answers stand in their file: text and base64 as numbers, floats to seven digits."""
    if isinstance(value, list):
        return [_comparable(item) for item in value]
    if isinstance(value, dict):
        if value.keys() == {"b64"}:
            return list(base64.b64decode(value["b64"]))
        return {key: _comparable(item) for key, item in value.items()}
    if isinstance(value, str):
        return list(value.encode())
    return float(f"{value:.6g}") if isinstance(value, float) else value


@pytest.mark.parametrize(("model", "key"), _CASES)
def test_answers_are_those_of_a_session(serving: Serving, exports: Path, run: Run, model: str, key: str) -> None:
    """Online and in a batch, each row has what TensorFlow's own session gives for it."""
    instances = REQUESTS[model][key]
    expected = _comparable(_expected(exports, model, key))
    run(serving.load("k", exports / model, nodes=1))

    online = run(ask(serving, instances, signature_name=key))
    head, lines = run(_batch(serving, exports / model, key, instances))

    assert _comparable(online["predictions"]) == expected
    assert _comparable(lines) == expected
    assert head["predictions"] == len(instances)


@pytest.mark.parametrize(
    ("model", "key"),
    [pytest.param("vocabulary", "serving_default", marks=pytest.mark.faults), ("kinds", "large")],
)
def test_local_jobs_answer_the_same(exports: Path, tmp_path: Path, model: str, key: str) -> None:
    """A job over files of this machine gives what TensorFlow's own session gives."""
    lines = _local(exports / model, key, REQUESTS[model][key], tmp_path)

    assert _comparable(lines) == _comparable(_expected(exports, model, key))


def test_serialized_examples_answer(serving: Serving, exports: Path, run: Run) -> None:
    """A serialized `tf.Example` comes as base64 online, and as a record in a batch."""
    run(serving.load("k", exports / "parsed", nodes=1))
    record = tfrecord.frame(base64.b64decode(EXAMPLE))

    async def batch() -> Answer:
        async with serving.worker(exports / "parsed", _options("serving_default", "TF_RECORD")) as node:
            return await node.ask(record * 2)

    online = run(ask(serving, [{"b64": EXAMPLE}]))
    _, *lines = run(batch()).content.splitlines()

    assert online == {"predictions": [{"age": 15.0}]}
    assert list(map(json.loads, lines)) == [{"age": 15.0}] * 2
    assert _expected(exports, "parsed", "serving_default") == [{"age": 15.0}]


@pytest.mark.parametrize(
    ("key", "instance", "prediction"),
    [
        ("scalar", 1.5, {"row": [1.5, 2.5, 1.5], "twice": 3.0}),
        ("scalar", {"s": 1.5}, {"row": [1.5, 2.5, 1.5], "twice": 3.0}),
        ("beside", {"x": [1.0, 2.0], "s": 3.0}, {"y": [3.0, 6.0]}),
        ("labels", 1.0, {"labels": ["a", "b", "c"], "y": 1.0}),
    ],
)
def test_one_instance_feeds_scalars_and_has_all_of_an_output(
    serving: Serving, exports: Path, run: Run, key: str, instance: Any, prediction: Any
) -> None:
    """A scalar input takes its value; an output without a dimension for instances is the value of the only one."""
    run(serving.load("k", exports / "kinds", nodes=1))

    online = run(ask(serving, [instance], signature_name=key))
    head, lines = run(_batch(serving, exports / "kinds", key, [instance, instance]))

    assert online == {"predictions": [prediction]}
    assert (head["predictions"], head["errors"], lines) == (2, {}, [prediction] * 2)


def test_several_instances_do_not_feed_a_scalar(serving: Serving, exports: Path, run: Run) -> None:
    """The error says to send one."""
    run(serving.load("k", exports / "kinds", nodes=1))

    answer = run(ask(serving, [1.0, 2.0], signature_name="scalar"))

    assert answer["error"] == (
        "Prediction failed: Invalid inputs: input s is a scalar: send one instance in a request, got 2 (Error code: 1)"
    )


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        ("no_kernel", "the operation CudnnRNN (node CudnnRNN) has no kernel for the processor of this machine"),
        ("ragged", "output pieces is a ragged tensor, which JSON predictions cannot hold"),
        ("keras_saved", "a Keras 3 model is exported with model.export(), not with tf.saved_model.save()"),
        ("local_variable", "the variable total has no value, because nothing in the export restores or initialises it"),
        ("unfed_default", "its outputs need the placeholder rate, which is not one of its inputs and has no default"),
        ("table_empty", "the lookup table hash_table has no entries, because nothing in the export initialises it"),
        ("python", "the operation EagerPyFunc (node EagerPyFunc) calls Python code, which a SavedModel does not"),
    ],
)
def test_a_default_signature_that_cannot_answer_fails_the_load(
    serving: Serving, exports: Path, run: Run, model: str, reason: str
) -> None:
    """The version is FAILED, and the error names the operation, the output or the variable."""
    with pytest.raises(LoadFailed) as caught:
        run(serving.load("k", exports / model, nodes=1))

    assert str(caught.value).startswith("Failed to load model: signature serving_default: ")
    assert reason in str(caught.value)


@pytest.mark.parametrize(
    ("model", "key", "instance", "reason"),
    [
        ("no_kernel_beside", "gpu", 1.0, "the operation CudnnRNN (node CudnnRNN) has no kernel"),
        ("sparse", "few", [1.0, 0.0], "output cells is a sparse tensor"),
        ("unfed", "rated", 1.0, "its outputs need the placeholder rate, which is not one of its inputs"),
        ("python_beside", "stateful_True", 1.0, "the operation PyFunc (node PyFunc) calls Python code"),
        ("python_beside", "stateful_False", 1.0, "the operation PyFuncStateless (node PyFuncStateless) calls Python"),
    ],
)
def test_another_signature_that_cannot_answer_fails_its_own_requests(
    serving: Serving, exports: Path, run: Run, model: str, key: str, instance: Any, reason: str
) -> None:
    """The default one answers; a request or a job for the other gets the reason."""
    run(serving.load("k", exports / model, nodes=1))

    good, bad = run(ask(serving, [instance])), run(ask(serving, [instance], signature_name=key))

    assert "predictions" in good
    assert bad["error"].startswith(f"Prediction failed: Failed to run the provided model: {reason}")
    assert bad["error"].endswith("(Error code: 2)")
    with pytest.raises(LoadFailed, match="Failed to load model"):
        run(_batch(serving, exports / model, key, [instance]))


@pytest.mark.parametrize(
    ("model", "more", "prediction"),
    [
        ("unfed", {}, {"y": 3.0}),
        ("table_filled", {}, {"id": 1.0}),
        ("table_itself", {}, {"id": 1.0}),
        ("table_itself", {"signature_name": "more"}, {"id": 0.0}),
    ],
)
def test_what_only_looks_incomplete_answers(
    serving: Serving, exports: Path, run: Run, model: str, more: dict[str, Any], prediction: Any
) -> None:
    """A placeholder with a default, tables that the export or the signature initialises, and one that may be empty."""
    run(serving.load("k", exports / model, nodes=1))

    answer = run(ask(serving, [3.0 if model == "unfed" else "red"], **more))

    assert answer == {"predictions": [prediction]}


@pytest.mark.parametrize(
    ("model", "key"),
    [("train", "train"), ("train", "called"), ("train", "branch"), ("train", "loop"), ("assign_ref", "train")],
)
def test_loading_changes_no_variable(serving: Serving, exports: Path, run: Run, model: str, key: str) -> None:
    """A weight of 0.204 is served as such until a request asks a signature that assigns it."""
    run(serving.load("k", exports / model, nodes=1))

    before = run(ask(serving, [0.0]))
    changed = run(ask(serving, [1.0], signature_name=key))
    after = run(ask(serving, [0.0]))

    assert before == {"predictions": [{"y": 0.204}]}
    assert "predictions" in changed
    assert after["predictions"][0]["y"] > 2.2


def test_preview_finds_what_nothing_restores(exports: Path) -> None:
    """Without TensorFlow: a Keras 3 model that was not exported is refused, and every other export here is read."""
    unrestored = ("keras_saved", "local_variable")
    folders = [folder for folder in exports.iterdir() if folder.is_dir() and folder.name not in unrestored]

    with pytest.raises(FolderError, match=r"softmax/bias', which nothing in the export restores; .*model\.export\(\)"):
        restorable.check((exports / "keras_saved" / "saved_model.pb").read_bytes(), "saved_model.pb")
    for folder in folders:
        restorable.check((folder / "saved_model.pb").read_bytes(), str(folder))
    assert len(folders) > 10


@pytest.mark.parametrize(
    ("key", "rows", "results", "refused"),
    [
        ("pair", [[1.0], [2.0], [3.0]], [2.0, 4.0], {"the model takes exactly 2 instances, and 1 row is left": 1}),
        (
            "pair",
            [[1.0], ["a"], [2.0], [3.0], [4.0], [5.0, 6.0]],
            [2.0, 4.0, 6.0, 8.0],
            {'expected float32, got "a"': 1, "expected shape [1], got [2]": 1},
        ),
        ("pair", [[float(row)] for row in range(130)], [2.0 * row for row in range(130)], {}),
        ("single", [[1.0], [2.0], [3.0]], [2.0, 4.0, 6.0], {}),
        ("mean", [1.0, 2.0, 3.0], [1.0, 2.0, 3.0], {}),
        ("whole", [1.0, 2.0, 3.0], [1.0, 2.0, 3.0], {}),
        ("spread", [[1.0], [2.0]], [], {"output y has 1 row for 2 instances": 2}),
    ],
)
def test_rows_of_a_job_go_together_as_the_signature_takes_them(
    serving: Serving,
    exports: Path,
    run: Run,
    key: str,
    rows: list[Any],
    results: list[float],
    refused: dict[str, int],
) -> None:
    """By a fixed number from the start, and alone where a call gives another number of rows."""
    head, lines = run(_batch(serving, exports / "together", key, rows))

    assert [line["y"] for line in lines] == results
    assert (head["predictions"], sum(map(len, head["errors"].values()))) == (len(results), len(rows) - len(results))
    for text, count in refused.items():
        assert [len(found) for error, found in head["errors"].items() if text in error] == [count]


def test_a_local_job_pairs_its_rows_from_the_start(exports: Path, tmp_path: Path) -> None:
    """The row without another one is the last."""
    lines = _local(exports / "together", "pair", [[1.0], [2.0], [3.0]], tmp_path)

    assert lines == [{"y": 2.0}, {"y": 4.0}]
