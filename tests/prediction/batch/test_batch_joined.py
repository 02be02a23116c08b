"""`python -m prediction batch`: results joined with rows, and rejected rows."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.prediction.deployment import MANIFESTS, Deployment, file_of, json_lines, run

pytestmark = pytest.mark.tensorflow
PATIENTS = 'id,age,thal,note\na1,32,normal,x\na2,,normal,y\na3,96,fixed,"q, z"\na4,64,"nor\nmal",w\n'
Batch = Callable[..., tuple[int, list[str], Path]]
both_ways = pytest.mark.parametrize("batch", ["endpoint", "local"], indirect=True)
# On this machine each job imports TensorFlow, and what these tests prove happens before the job or after it.
one_way = pytest.mark.parametrize("batch", ["endpoint", pytest.param("local", marks=pytest.mark.faults)], indirect=True)


@pytest.fixture
def batch(request: pytest.FixtureRequest, deployment: Deployment, prediction_models: Path, tmp_path: Path) -> Batch:
    """Runs a job at an endpoint or on this machine; returns exit code, standard error and file of results."""

    def here(model: str, *arguments: str) -> Any:
        folder = tmp_path / "models" / model
        if not folder.exists():
            folder.parent.mkdir(exist_ok=True)
            folder.symlink_to(prediction_models / model)
        return run("batch", str(folder), "--local", *arguments)

    def made(model: str, *arguments: str) -> tuple[int, list[str], Path]:
        output = tmp_path / "out"
        ask = here if request.param == "local" else lambda *words: deployment.run("batch", *words)
        done = ask(model, *arguments, "--output", str(output))
        assert "Traceback" not in done.stderr
        assert not [path.name for path in tmp_path.iterdir() if path.name.startswith(".")]
        return done.returncode, done.stderr.splitlines(), output

    if request.param == "local":  # a manifest stands beside the SavedModel, as in the bucket
        for name, facts in MANIFESTS.items():
            (prediction_models / name / "manifest.json").write_text(json.dumps(facts), encoding="utf-8")
    return made


@both_ways
def test_rejected_rows_are_named(batch: Batch, tmp_path: Path) -> None:
    """Rejected rows are named by file and line, on standard error and in FILE.rejected."""
    first = file_of(tmp_path, "a.jsonl", '1.5\n"text"\n2\n')
    second = file_of(tmp_path, "b.json", '[1,\n\n"x",\n 2]\n')
    third = file_of(tmp_path, "c.jsonl", "1\n\n{oops\n")

    code, said, output = batch("numbers", "--input", first, second, third)

    rejected = json_lines(output.with_name("out.rejected"))
    assert code == 3
    assert [row["double"] for row in json_lines(output)] == [3, 4, 2, 4, 2]
    assert [(row["file"], row["line"]) for row in rejected] == [(first, 2), (second, 3), (third, 3)]
    assert said[-3:] == [f"{row['file']}:{row['line']}: {row['error']}" for row in rejected]
    assert len(output.with_name("out.errors").read_text().splitlines()) == 3


@one_way
def test_many_rejected_rows(batch: Batch, tmp_path: Path) -> None:
    """Five rejected rows are shown, and the number of others."""
    rows = file_of(tmp_path, "a.jsonl", '"x"\n' * 30)

    code, said, output = batch("numbers", "--input", rows)

    assert code == 3
    assert said[-2:] == [
        f"{rows}:5: {json_lines(output.with_name('out.rejected'))[4]['error']}",
        f"... and 25 more, in {output}.rejected",
    ]
    assert len(json_lines(output.with_name("out.rejected"))) == 30


@both_ways
def test_key_is_first_in_each_result(batch: Batch, tmp_path: Path) -> None:
    """A key is not sent to a model that does not take it; a rejected row has it, too."""
    rows = [{"id": name, "age": [age], "thal": ["normal"]} for name, age in (("a", 32), ("b", "x"), ("c", 96))]
    file = file_of(tmp_path, "rows.jsonl", "".join(f"{json.dumps(row)}\n" for row in [*rows, {"age": [1]}]))

    code, _, output = batch("risk", "--input", file, "--key", "id")

    rejected = json_lines(output.with_name("out.rejected"))
    assert code == 3
    assert json_lines(output) == [
        {"id": "a", "prediction_probability": [0.25]},
        {"id": "c", "prediction_probability": [0.75]},
    ]
    assert [(row.get("id"), row["line"]) for row in rejected] == [("b", 2), (None, 4)]
    assert "has no field id: it has age" in rejected[1]["error"]


@one_way
def test_columns_of_csv_by_their_names(batch: Batch, tmp_path: Path) -> None:
    """A CSV row may have several lines; columns that the model does not take are left out with a note."""
    file = file_of(tmp_path, "patients.csv", PATIENTS)

    code, said, output = batch("risk", "--input", file, "--key", "id")

    assert code == 3
    assert [(row["id"], row["prediction_probability"]) for row in json_lines(output)] == [
        ("a1", [0.25]),
        ("a3", [0.75]),
        ("a4", [0.5]),
    ]
    assert said[0] == f"{file}: not sent, because the model does not take these columns: note"
    assert said[-1] == f"{file}:3: column age is empty"


@one_way
def test_csv_keys_may_be_numbers(batch: Batch, tmp_path: Path) -> None:
    """A key may be a whole number; rows with a missing number or an infinity are rejected."""
    cells = ["7,32,normal", "007,64,normal", "1.5,NaN,normal", "9,-inf,fixed", "10,96,7"]
    file = file_of(tmp_path, "patients.csv", "\n".join(["id,age,thal", *cells]))

    code, said, output = batch("risk", "--input", file, "--key", "id")
    lines, rejected = output.read_text().splitlines(), json_lines(output.with_name("out.rejected"))
    whole, _, _ = batch("risk", "--input", file, "--with-input")

    assert (code, whole) == (3, 3)
    assert lines[0] == '{"id":7,"prediction_probability":[0.25]}'
    assert [json.loads(line)["id"] for line in lines] == [7, "007", 10]
    assert [row["id"] for row in rejected] == [1.5, 9]
    assert said[-2:] == [
        f"{file}:4: column age must be a number; got 'NaN', a missing value",
        f"{file}:5: column age must be a number; got '-inf', which JSON does not have",
    ]
    assert output.read_text().startswith('{"instance":{"id":7,"age":32.0,"thal":"normal"},"prediction":{"pred')
    assert json_lines(output)[2]["instance"] == {"id": 10, "age": 96.0, "thal": "7"}


@both_ways
def test_numbers_that_json_does_not_have(batch: Batch, tmp_path: Path) -> None:
    """A row with NaN is rejected, also in an unchanged file; a result with Infinity has a note."""
    file = file_of(tmp_path, "rows.jsonl", '{"x": 1}\n{"x": NaN}\n{"x": 3e38}\n')

    code, said, output = batch("numbers", "--input", file)
    plain = said[-2:]
    _, said, _ = batch("numbers", "--input", file, "--with-input")

    assert code == 3
    note = f"{output}: 1 prediction of the model with NaN or Infinity, which standard JSON does not have"
    assert plain == said[-2:] == [f"{file}:2: is not valid JSON: it contains NaN", note]
    assert '"double":Infinity' in output.read_text().splitlines()[1]


@one_way
def test_results_beside_their_input(batch: Batch, tmp_path: Path) -> None:
    """--with-input writes each row, with numbers as numbers, and its prediction."""
    file = file_of(tmp_path, "patients.csv", PATIENTS)

    code, _, output = batch("risk", "--input", file, "--with-input")

    assert code == 3
    assert json_lines(output)[1] == {
        "instance": {"id": "a3", "age": 96.0, "thal": "fixed", "note": "q, z"},
        "prediction": {"prediction_probability": [0.75]},
    }


@both_ways
def test_a_key_in_csv_is_the_first_column(batch: Batch, tmp_path: Path) -> None:
    """With CSV output, the key is the first column, and in FILE.keys."""
    file = file_of(tmp_path, "patients.csv", PATIENTS)

    code, _, output = batch("risk", "--input", file, "--key", "note", "--output-format", "CSV")

    assert code == 3
    assert output.read_text() == 'x,0.25\n"q, z",0.75\nw,0.5\n'
    assert output.with_name("out.keys").read_text() == "note,prediction_probability\n"


@both_ways
def test_a_key_that_the_model_returns(batch: Batch, tmp_path: Path) -> None:
    """A key that the model returns is in each result only once."""
    rows = [{"id": number, "x": number / 2} for number in (7, 3, 5)]
    file = file_of(tmp_path, "rows.jsonl", "".join(f"{json.dumps(row)}\n" for row in rows))
    twice = file_of(tmp_path, "twice.jsonl", '{"id": 7, "x": 1}\n{"id": 7, "x": 2}\n')

    code, _, output = batch("keyed", "--input", file, "--key", "id")
    found = json_lines(output)
    whole, _, _ = batch("keyed", "--input", file, "--key", "id", "--with-input")
    beside = json_lines(output)
    output.unlink()
    refused, said, _ = batch("keyed", "--input", twice, "--key", "id")

    assert (code, whole, refused) == (0, 0, 2)
    assert found == [{"id": row["id"], "y": row["id"]} for row in rows]
    assert beside == [{"instance": row, "prediction": found} for row, found in zip(rows, found, strict=True)]
    assert said[-1] == f"error: --key: {twice}:1 and {twice}:2 have the same id: 7"
    assert not output.exists()


@one_way
def test_list_means_the_same_as_online(batch: Batch, tmp_path: Path) -> None:
    """A list holds instances; in a .jsonl file it is one instance, with a hint if the model rejects it."""
    whole, lines = file_of(tmp_path, "x.json", "[1.0]\n"), file_of(tmp_path, "x.jsonl", "[1.0]\n")
    body = file_of(tmp_path, "body.jsonl", '{"instances": [1.0]}\n')

    code, _, output = batch("numbers", "--input", whole)
    found = json_lines(output)
    rejected, said, _ = batch("numbers", "--input", lines)
    _, of_body, _ = batch("numbers", "--input", body)

    assert (code, found) == (0, [{"double": 2.0, "half": 0.5}])
    assert rejected == 3
    assert said[-1].endswith("to send its items, name it .json")
    assert of_body[-1].startswith(
        f'{body}: a .jsonl file has one instance per line, so its JSON object {{"instances": [...]}}'
    )


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--input", "gs://b/x", "--key", "id"], "results are joined on this machine"),
        (["--input", "gs://b/x.csv"], "jobs cannot read CSV from a bucket"),
        (["--input", "README.md", "--with-input", "--output-format", "CSV"], "--with-input writes JSON"),
        (
            ["--input", "README.md", "--format", "TF_RECORD", "--key", "id"],
            "must be JSON or CSV with --key and --with-input",
        ),
    ],
)
def test_impossible_joins(deployment: Deployment, words: list[str], says: str) -> None:
    """A join that is not possible is wrong usage; nothing is sent."""
    done = deployment.run("batch", "numbers", *words, "--output", "gs://b/out/" if "gs://b/x.csv" in words else "x")

    assert done.returncode == 2
    assert says in done.stderr.splitlines()[-1]


def test_a_request_body_for_another_signature(deployment: Deployment, tmp_path: Path) -> None:
    """A request body's instances are used, and its signature is not ignored."""
    body = {"instances": [1.5], "signature_name": "negative"}
    file, output = file_of(tmp_path, "body.json", json.dumps(body)), tmp_path / "out"

    without = deployment.run("batch", "numbers", "--input", file, "--output", str(output))
    done = deployment.run("batch", "numbers", "--input", file, "--output", str(output), "--signature", "negative")

    assert (without.returncode, done.returncode) == (2, 0)
    assert without.stderr.splitlines()[-1].endswith("add --signature negative")
    assert json_lines(output) == [{"minus": -1.5}]
