"""`python -m prediction` against models that really serve."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.prediction.deployment import Deployment, image, patient

pytestmark = pytest.mark.tensorflow

TWO = [patient(32), patient(32, "fixed")]


def test_sample(deployment: Deployment) -> None:
    """Without instances, the first sample is predicted, and its label is shown beside the prediction."""
    done = deployment.run("clothes")

    head, columns, _, row = done.stdout.splitlines()

    assert (done.returncode, done.stderr) == (0, "")
    assert head == f"clothes, version v1 (default), on {deployment.emulator.endpoint}"
    assert columns.split() == ["sample", "predicted", "probability", "truth"]
    assert row.split() == ["0", "Boot", "94.8%", "Boot", "right"]


def test_count(deployment: Deployment) -> None:
    """Each sample is a row; a note says if there are too few; wrong predictions are marked."""
    done = deployment.run("clothes", "--count", "50", "--version", "v1")

    rows = [line.split() for line in done.stdout.splitlines()[3:]]
    assert done.stderr == "--count 50: the artifact has only 3 samples\n"

    assert [(row[1], row[3], row[4]) for row in rows] == [
        ("Boot", "Boot", "right"),
        ("[red]Bag", "[red]Bag", "right"),
        ("Trouser", "T-shirt/top", "wrong"),
    ]


def test_one_probability(deployment: Deployment) -> None:
    """A single probability is a number under the output's name, with the label."""
    done = deployment.run("risk", "--count", "2")

    assert [line.split() for line in done.stdout.splitlines()[1:]][::2] == [
        ["sample", "prediction_probability", "truth"],
        ["0", "0.7500", "0"],
    ]
    assert done.stdout.splitlines()[4].split() == ["1", "0.7500", "1"]


def test_model_with_one_instance_per_request(deployment: Deployment) -> None:
    """Samples and given instances work; a mismatch is named by its index."""
    samples = deployment.run("scalar", "--count", "3", "--json")
    own = deployment.run("scalar", "--instances", "-", "--signature", "other", given="[1, 2]")
    wrong = deployment.run("scalar", "--instances", "-", given='[1, 2, "x"]')

    assert json.loads(samples.stdout) == {"predictions": [{"twice": 3.0}, {"twice": 5.0}, {"twice": 7.0}]}
    assert [line.split()[-1] for line in own.stdout.splitlines()[3:]] == ["3.0", "6.0"]
    assert (wrong.returncode, wrong.stdout) == (1, "")
    assert "instance 2: Prediction failed" in wrong.stderr
    assert 'Instance 2: s must be float32 []; got "x"' in wrong.stderr


def test_no_colour(deployment: Deployment) -> None:
    """Output to a file has no colours, and no line is cut or padded."""
    done = deployment.run("clothes", "--count", "3", env={"TERM": "xterm-256color", "COLUMNS": "20"})

    assert "\x1b" not in done.stdout
    assert [line for line in done.stdout.splitlines() if line != line.rstrip()] == []
    assert len(done.stdout.splitlines()) == 6


def test_colour(deployment: Deployment) -> None:
    """On a terminal, right is blue and wrong is red; a name like markup is unchanged."""
    done = deployment.run("clothes", "--count", "3", env={"FORCE_COLOR": "1", "TERM": "xterm", "COLUMNS": "100"})

    assert "\x1b[34mright" in done.stdout
    assert "\x1b[31mwrong" in done.stdout
    assert "[red]Bag" in done.stdout


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (json.dumps(TWO), "a list"),
        (json.dumps({"instances": TWO}, indent=2), "a request body"),
        ("\n".join(map(json.dumps, TWO)) + "\n", "JSON lines"),
        ("\ufeff" + "\r\n\r\n".join(map(json.dumps, TWO)), "JSON lines as Windows writes them"),
    ],
)
@pytest.mark.parametrize("source", ["file", "-"])
def test_forms_of_instances(deployment: Deployment, tmp_path: Path, source: str, text: str, reason: str) -> None:
    """Instances come as a list, a request body or JSON lines, from a file or standard input."""
    file = tmp_path / "instances"
    file.write_text(text, encoding="utf-8", newline="")

    done = deployment.run("risk", "--instances", str(file) if source == "file" else "-", "--json", given=text)

    assert json.loads(done.stdout) == {
        "predictions": [{"prediction_probability": [value]} for value in (0.25, 0.75)]
    }, reason


def test_one_line(deployment: Deployment) -> None:
    """A JSON line that is not a list is one instance."""
    done = deployment.run("risk", "--instances", "-", given=json.dumps(patient(64)))

    assert done.stdout.splitlines()[-1].split() == ["0", "0.5000"]


def test_signature_in_the_body(deployment: Deployment) -> None:
    """A request body may name the signature."""
    body = {"instances": [1.5], "signature_name": "negative"}

    done = deployment.run("numbers", "--instances", "-", "--json", given=json.dumps(body))

    assert json.loads(done.stdout) == {"predictions": [{"minus": -1.5}]}


def test_signature_on_the_command_line(deployment: Deployment) -> None:
    """`--signature` overrides that of a request body; samples are for the default signature."""
    body = {"instances": [1.5], "signature_name": "serving_default"}

    done = deployment.run("numbers", "--instances", "-", "--signature", "negative", "--json", given=json.dumps(body))
    table = deployment.run("numbers", "--instances", "-", "--signature", "negative", given="[1.5]")
    sample = deployment.run("clothes", "--signature", "serving_default")

    assert json.loads(done.stdout) == {"predictions": [{"minus": -1.5}]}
    assert table.stdout.splitlines()[1].split() == ["instance", "minus"]
    assert sample.stdout.splitlines()[-1].split()[-1] == "right"


def test_names_of_classes(deployment: Deployment) -> None:
    """Given instances get class names too; without labels there is no column for them."""
    done = deployment.run("clothes", "--instances", "-", given=json.dumps([image(1)]))

    assert [line.split() for line in done.stdout.splitlines()[1::2]] == [
        ["instance", "predicted", "probability"],
        ["0", "Trouser", "94.8%"],
    ]


def test_other_predictions(deployment: Deployment) -> None:
    """A prediction that is not a probability is shown as JSON, even without a manifest."""
    done = deployment.run("numbers", "--instances", "-", given="[1, 5]")

    assert [line.split(maxsplit=1) for line in done.stdout.splitlines()[3:]] == [
        ["0", '{"double": 2.0, "half": 0.5}'],
        ["1", '{"double": 10.0, "half": 2.5}'],
    ]


def test_plot(deployment: Deployment, tmp_path: Path) -> None:
    """The picture is a PNG in the named file."""
    file = tmp_path / "picture"

    done = deployment.run("clothes", "--count", "3", "--plot", str(file))

    assert (done.returncode, done.stderr) == (0, "")
    assert file.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("arguments", "given", "code", "says"),
    [
        (["nothing"], None, 1, "404 NOT_FOUND"),
        (["clothes", "--signature", "x"], None, 1, " has no signature x; --signature must be one of serving_default"),
        (
            ["clothes", "--signature", "x"],
            None,
            1,
            "/clothes has no signature x; --signature must be one of serving_default",
        ),
        (
            ["scalar", "--signature", "other"],
            None,
            1,
            "for the signature other, only for serving_default: give your own",
        ),
        (["clothes", "--signature", "x", "--instances", "-"], "[1]", 1, "has: serving_default"),
        (["clothes", "--version", "v9"], None, 1, "404 NOT_FOUND"),
        (["numbers"], None, 1, "--instances FILE"),
        (["clothes", "--instances", "-"], "[[1, 2]]", 1, "The model takes image float32 [4, 4]"),
        (["risk", "--plot", "x.png"], None, 2, "--plot needs images"),
        (["clothes", "--plot", "/dev/null/x.png"], None, 1, "cannot write"),
        (["a b"], None, 2, "'a b' is not a valid model name"),
        (["risk", "--instances", "-"], "", 2, "has no instances"),
        (["risk", "--instances", "-"], '{"instances": []}', 2, "has no instances"),
        (["risk", "--instances", "-"], '[1,\n2,\n"x]', 2, "line 3, column 1"),
        (["risk", "--instances", "-"], "1\n2\nx", 2, "standard input:3: is not valid JSON"),
        (["risk", "--instances", "/nowhere/x.json"], None, 2, "/nowhere/x.json: cannot be read: No such file"),
        (["risk", "--instances", "/bin/sh"], None, 2, "is not UTF-8: byte"),
    ],
)
def test_errors(deployment: Deployment, arguments: list[str], given: str | None, code: int, says: str) -> None:
    """Every error is one line without a traceback, with an exit code."""
    done = deployment.run(*arguments, given=given)

    (line,) = done.stderr.splitlines()

    assert done.returncode == code
    assert line.startswith("error: ")
    assert says in line


def test_labels_beside_predictions(deployment: Deployment, tmp_path: Path) -> None:
    """Labels in a file are shown, and kinds of pictures that need labels work."""
    given = json.dumps({"instances": [image(1), image(2)], "labels": [1, 3]})
    picture = tmp_path / "confusion.png"

    done = deployment.run("clothes", "--instances", "-", "--plot", str(picture), "--kind", "confusion", given=given)

    rows = [line.split() for line in done.stdout.splitlines()[3:]]
    assert [row[-1] for row in rows[:2]] == ["right", "wrong"]
    assert done.stdout.splitlines()[-1].endswith("shows 2 instances")
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_many_rows_with_a_picture(deployment: Deployment, tmp_path: Path) -> None:
    """One line with the accuracy replaces hundreds; without labels, it has the number of instances."""
    rows = [image(place % 4) for place in range(500)]
    labels = [place % 4 for place in range(400)] + [0] * 100
    picture = ["--plot", str(tmp_path / "x.png")]

    labelled = json.dumps({"instances": rows, "labels": labels})
    done = deployment.run("clothes", "--instances", "-", *picture, "--kind", "confusion", given=labelled)
    bare = deployment.run("clothes", "--instances", "-", *picture, given=json.dumps(rows))

    head, summary, drawn = done.stdout.splitlines()
    assert (done.returncode, done.stderr) == (0, "")
    assert head.startswith("clothes, version v1 (default), on ")
    assert summary.startswith("500 instances: accuracy 85.0% (425 of 500 right), AUC 0.")
    assert drawn.endswith("shows 500 instances")
    assert bare.stdout.splitlines()[1] == "500 instances without labels; --json prints each prediction"


def test_columns_of_csv_are_inputs(deployment: Deployment, tmp_path: Path) -> None:
    """Each line is an instance; other columns are left out, and a wrong cell is named by its line."""
    file = tmp_path / "patients.csv"
    file.write_text("name,thal,age\nx,normal,32\n\ny,fixed,1.5\n", encoding="utf-8")

    done = deployment.run("risk", "--instances", str(file), "--json")
    file.write_text("thal,age\nnormal,32\nfixed,old\n", encoding="utf-8")
    wrong = deployment.run("risk", "--instances", str(file))
    file.write_text("thal\nnormal\n", encoding="utf-8")
    missing = deployment.run("risk", "--instances", str(file))

    assert json.loads(done.stdout)["predictions"] == [{"prediction_probability": [value]} for value in (0.25, 0.75)]
    assert (wrong.returncode, wrong.stderr) == (2, f"error: {file}:3: column age must be a number; got 'old'\n")
    assert missing.returncode == 2
    assert f"{file}: has no column age; it has thal. The model takes age float32 [1]" in missing.stderr


def test_list_in_a_jsonl_line_is_one_instance(deployment: Deployment, tmp_path: Path) -> None:
    """A list in a .jsonl line is one instance, as in a batch job; the error says how to send its items."""
    lines, whole = tmp_path / "x.jsonl", tmp_path / "x.json"
    for file in (lines, whole):
        file.write_text("[1.0]\n", encoding="utf-8")

    rejected, taken = (deployment.run("numbers", "--instances", str(file), "--json") for file in (lines, whole))

    assert rejected.returncode == 1
    assert rejected.stderr.rstrip().endswith("to send its items, name it .json")
    assert json.loads(taken.stdout) == {"predictions": [{"double": 2.0, "half": 0.5}]}


def test_as_many_labels_as_instances(deployment: Deployment) -> None:
    """Labels must match the instances, else nothing is sent."""
    done = deployment.run("clothes", "--instances", "-", given=json.dumps({"instances": [1, 2], "labels": [1]}))

    assert (done.returncode, done.stdout) == (2, "")
    assert "one for each instance" in done.stderr
