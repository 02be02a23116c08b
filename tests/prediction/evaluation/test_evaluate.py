"""`python -m prediction evaluate` against models that really serve."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.prediction.deployment import CLASSES, MANIFESTS, Deployment, image, patient, run

pytestmark = pytest.mark.tensorflow
PATIENTS = "age,thal,target,name\n32,normal,0,a\n96,normal,1,b\n10,fixed,0,c\n64,fixed,1,d\n"


def _file(folder: Path, name: str, content: str) -> str:
    (folder / name).write_text(content, encoding="utf-8")
    return str(folder / name)


def test_binary_classification(deployment: Deployment, prediction_models: Path, tmp_path: Path) -> None:
    """An endpoint and --local give the same metrics; the label is the column `target`."""
    data = _file(tmp_path, "patients.csv", PATIENTS)
    (prediction_models / "risk" / "manifest.json").write_text(json.dumps(MANIFESTS["risk"]), encoding="utf-8")

    there = deployment.run("evaluate", "risk", "--data", data, "--json")
    here = run("evaluate", str(prediction_models / "risk"), "--local", "--data", data, "--json")

    found = json.loads(there.stdout)
    assert (there.returncode, there.stderr, here.returncode) == (0, "", 0)
    assert found["metrics"]["accuracy"] == 0.75
    assert found["metrics"]["auc"] == 0.75  # 0.25 below all, and three equal scores: 3 of 4 pairs
    assert found["confusion"] == {"classes": ["0", "1"], "counts": [[1, 1], [0, 2]]}
    assert (found["model"], found["version"], found["rows"], found["threshold"]) == ("risk", "v1", 4, 0.5)
    local = json.loads(here.stdout)
    assert {key: local[key] for key in ("metrics", "confusion")} == {
        key: found[key] for key in ("metrics", "confusion")
    }


def test_table(deployment: Deployment, tmp_path: Path) -> None:
    """The output has the title, the metrics with their counts, and the confusion matrix."""
    done = deployment.run("evaluate", "risk", "--data", _file(tmp_path, "p.csv", PATIENTS), "--threshold", "0.2")

    lines = [line.split() for line in done.stdout.splitlines()]
    assert done.stdout.startswith("risk, version v1 (default), on http://")
    assert lines[1][:3] == ["4", "rows", "of"]
    assert ["accuracy", "50.0%", "2", "of", "4", "right,", "threshold", "0.2"] in lines
    assert ["AUC", "0.7500"] in lines
    assert lines[-2:] == [["0", "·", "2"], ["1", "·", "2"]]


@pytest.mark.parametrize("form", ["body", "instances", "inputs", "list"])
def test_classes(deployment: Deployment, tmp_path: Path, form: str) -> None:
    """Labels are numbers or class names, in every form of JSON."""
    images, labels = [image(column) for column in range(4)], [0, 1, "[red]Bag", 0]
    rows = {
        "body": {"instances": images, "labels": labels},
        "instances": [{"instance": each, "label": label} for each, label in zip(images, labels, strict=True)],
        "inputs": [{"image": each, "kind": label} for each, label in zip(images, labels, strict=True)],
        "list": [{"image": each, "label": label, "id": 7} for each, label in zip(images, labels, strict=True)],
    }[form]
    lines = form in ("instances", "inputs") and isinstance(rows, list)
    content = "".join(f"{json.dumps(row)}\n" for row in rows) if lines else json.dumps(rows)

    done = deployment.run("evaluate", "clothes", "--data", _file(tmp_path, "x.json", content), "--json")

    found = json.loads(done.stdout)
    assert found["metrics"]["accuracy"] == 0.75
    assert found["confusion"]["classes"] == CLASSES
    assert found["confusion"]["counts"][0] == [1, 0, 0, 1]
    assert found["notes"] == ["AUC leaves out Boot: no row, or every row, has that class"]


def test_regression_of_one_of_several_outputs(deployment: Deployment, tmp_path: Path) -> None:
    """`--output` selects one of several outputs."""
    data = _file(tmp_path, "x.jsonl", '{"x": 1, "y": 2.5}\n{"x": 5, "y": 10}\n')

    done = deployment.run("evaluate", "numbers", "--data", data, "--label", "y", "--output", "double", "--json")
    unclear = deployment.run("evaluate", "numbers", "--data", data, "--label", "y")

    found = json.loads(done.stdout)
    assert (found["task"], found["metrics"]["mae"]) == ("regression", 0.25)
    assert found["metrics"]["rmse"] == pytest.approx(0.125**0.5)
    assert (unclear.returncode, unclear.stderr) == (2, "error: --output: name the output to compare: double, half\n")


@pytest.mark.parametrize(
    ("name", "content", "options", "code", "says"),
    [
        ("x.csv", PATIENTS.replace("target", "truth"), [], 2, "not inputs of the model: truth, name"),
        ("x.csv", PATIENTS, ["--label", "none"], 2, "has no none; it has age, thal, target, name"),
        ("x.csv", PATIENTS.replace("32,", "old,"), [], 2, "x.csv:2: column age must be a number; got 'old'"),
        ("x.csv", PATIENTS.replace("1,b", "?,b"), [], 2, "x.csv:3: label: must be a number"),
        ("x.jsonl", json.dumps({**patient(1), "label": 1}) + '\n{"label": 0}\n', [], 1, "x.jsonl:2: "),
        ("x.jsonl", "[1]\n", [], 2, "x.jsonl:1: must be an object"),
        ("x.jsonl", "", [], 2, "has no rows"),
        ("x.jsonl", '{"instances": [1], "labels": [0]}', [], 2, "a .jsonl file has one instance per line"),
        ("x.csv", PATIENTS, ["--threshold", "2"], 2, "a number from 0 to 1"),
    ],
)
def test_errors(
    deployment: Deployment, tmp_path: Path, name: str, content: str, options: list[str], code: int, says: str
) -> None:
    """An error is one line with the place in the file, and has an exit code."""
    done = deployment.run("evaluate", "risk", "--data", _file(tmp_path, name, content), *options)

    assert done.returncode == code
    assert says in done.stderr.splitlines()[-1]
    assert done.stdout == ""


def test_wrong_rows_are_listed(deployment: Deployment, prediction_models: Path, tmp_path: Path) -> None:
    """Five wrong rows and their number are shown, whatever the reason; NaN is a missing label."""
    cells = _file(tmp_path, "p.csv", "age,thal,target\n" + "1,a,0\nold,a,1\n2,a,\n3,a,NaN\nNaN,a,1\n4\n5,a,1\n,a,0\n")
    labels = _file(tmp_path, "l.csv", "age,thal,target\n1,a,0\n2,a,maybe\n3,a,1\n4,a,perhaps\n")
    rows = _file(tmp_path, "x.jsonl", "".join(f'{{"x": {x}, "label": 2}}\n' for x in ('"no"', "1", "[1]")))
    patients = [{**patient(1), "label": 1}, {"age": [1], "label": 0}, {**patient(3), "age": "x", "label": 1}]
    sent = _file(tmp_path, "p.jsonl", "".join(f"{json.dumps(row)}\n" for row in patients))

    done = deployment.run("evaluate", "risk", "--data", cells)
    unlike = deployment.run("evaluate", "risk", "--data", labels)
    here = run("evaluate", str(prediction_models / "numbers"), "--local", "--data", rows, "--output", "half")
    there = deployment.run("evaluate", "risk", "--data", sent)

    assert [each.returncode for each in (done, unlike, here, there)] == [2, 2, 1, 1]
    assert done.stderr.splitlines() == [
        f"error: {cells}:3: column age must be a number; got 'old'",
        f"error: {cells}:4: column target must be the label; it is empty",
        f"error: {cells}:5: column target must be the label; got 'NaN', a missing value",
        f"error: {cells}:6: column age must be a number; got 'NaN', a missing value",
        f"error: {cells}:7: has 1 cell; the first line has 3",
        f"error: {cells}: 6 of 8 rows cannot be used",
    ]
    for file, each, bad, count in (
        (labels, unlike, (3, 5), "2 of 4"),
        (rows, here, (1, 3), "2 of 3"),
        (sent, there, (2, 3), "2 of 3"),
    ):
        lines = each.stderr.splitlines()
        assert [line.split(": ")[1] for line in lines] == [*(f"{file}:{number}" for number in bad), file]
        assert lines[-1].endswith(f"{count} rows cannot be used")
    assert here.stderr.startswith(f"error: {rows}:1: Invalid inputs")


def test_label_is_an_input(deployment: Deployment, tmp_path: Path) -> None:
    """If the label is an input, a note says so, and predictions are still compared."""
    data = _file(tmp_path, "p.csv", "age,thal\n1,normal\n0,normal\n")

    done = deployment.run("evaluate", "risk", "--data", data, "--label", "age", "--json")

    assert done.returncode == 0
    assert done.stderr == "note: the label age is also an input of the model\n"
    assert json.loads(done.stdout)["rows"] == 2


def test_predictions_that_are_not_finite(deployment: Deployment, tmp_path: Path) -> None:
    """Predictions that are not finite are rejected with their place."""
    data = _file(tmp_path, "x.jsonl", '{"x": 3e38, "label": 1}\n{"x": 1, "label": 1}\n')

    done = deployment.run("evaluate", "numbers", "--data", data, "--output", "double")

    assert done.returncode == 2
    assert done.stderr == f"error: {data}:1: prediction: must be finite; got Infinity\n"
