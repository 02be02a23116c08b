"""Errors of `python -m models import` and of names of imported artifacts."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

import models
from models.core.errors import UsageError
from models.core.paths import card_path
from models.imports import samples
from models.saved_model.signatures import read_graph
from tests.models.conftest import Take
from tests.models.saved_models import Tensor, graph, write


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("exports/x", "--name", "line"), 2, "--name line: is the name of a recipe, models/line.py; choose another"),
        (
            ("exports/x", "--name", "Churn"),
            2,
            "--name Churn: must be lower-case letters, digits and _, starting with a",
        ),
        (("exports/x", "--name", "../x"), 2, "--name ../x: must be lower-case letters"),
        (("exports/x",), 2, "--name"),
        (("nowhere", "--name", "churn"), 2, "nowhere: folder not found"),
        (("gs://b/x", "--name", "churn"), 2, "gs://b/x: must be a local folder or .keras file; a stack file can use"),
        (("nowhere.keras", "--name", "churn"), 2, "nowhere.keras: file not found"),
        (("old.h5", "--name", "churn"), 2, 'keras.models.load_model("old.h5").save("old.keras")'),
        (("exports/x/saved_model.pb", "--name", "churn"), 2, "use its folder, exports/x"),
        (("samples.json", "--name", "churn"), 2, "must be the folder of a SavedModel or a .keras file"),
        (("exports/x", "--name", "churn", "--samples", "no.json"), 2, "--samples no.json: cannot be read: No such"),
        (("exports/x", "--name", "churn", "--samples", "s", "--no-samples"), 2, "not allowed with argument"),
    ],
)
def test_wrong_usage(take: Take, checkout: Path, words: tuple[str, ...], code: int, said: str) -> None:
    """One line says what to do; no files are left."""
    done = take(*words)

    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr.splitlines()[-1]
    assert not (checkout / "models/cards").exists()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", ": is not valid JSON"),
        ("[NaN]", "NaN is not valid JSON"),
        ("[]", ": must be a list"),
        ("{}", ": must be a list"),
        ('{"instances": []}', ": must be a list"),
        ('{"instances": 1}', 'not empty, or {"instances": [...]}'),
        ('[{"instance": 1}, 2]', '[1]: must be an object with the key "instance"'),
        ('[{"instance": 1}, {"instance": 1, "prediction": 2}]', "[1]: must have no prediction, like [0]"),
    ],
)
def test_file_without_samples(take: Take, checkout: Path, content: str, said: str) -> None:
    """A file without samples is rejected before anything is copied."""
    (checkout / "samples.json").write_text(content, encoding="utf-8")

    done = take()

    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert not (checkout / "build").exists()


_INSTANCE = "[1].instance: x must be float32 [2]; got "
_PREDICTION = "[1].prediction: y must be float32 [1]; got "


@pytest.mark.parametrize(
    ("sample", "said"),
    [
        ({"instance": [1, 2, 3], "prediction": [1]}, f"{_INSTANCE}the shape [3]: [1, 2, 3]"),
        ({"instance": 1, "prediction": [1]}, f"{_INSTANCE}1"),
        ({"instance": [1, "2"], "prediction": [1]}, f'{_INSTANCE}"2"'),
        ({"instance": [1, True], "prediction": [1]}, f"{_INSTANCE}true"),
        ({"instance": [1, [2]], "prediction": [1]}, f"{_INSTANCE}lists of different lengths"),
        ({"instance": {"z": [1, 2]}, "prediction": [1]}, "[1].instance: unknown input z"),
        ({"instance": [1, 2], "prediction": {"wrong": [1]}}, "[1].prediction: unknown output wrong"),
        ({"instance": [1, 2], "prediction": [1, 2]}, f"{_PREDICTION}the shape [2]: [1, 2]"),
        ({"instance": [1, 2], "prediction": {"y": None}}, f"{_PREDICTION}null"),
    ],
)
def test_mismatched_samples(take: Take, checkout: Path, sample: dict[str, Any], said: str) -> None:
    """Mismatched samples are rejected with their index, also after an import; matching ones are accepted."""
    good = {"instance": {"x": [1, 2]}, "prediction": {"y": [1]}}
    for known in (False, True):
        (checkout / "samples.json").write_text(json.dumps([good, sample]), encoding="utf-8")

        done = take()

        assert (done.returncode, done.stdout) == (2, "")
        assert f"models: --samples: {said}" in done.stderr
        assert (checkout / "models/cards").exists() == known
        (checkout / "samples.json").write_text(json.dumps([good, {"instance": [3, 4], "prediction": [5]}]))
        assert take().returncode == 0


@pytest.mark.parametrize(
    ("inputs", "instance", "outputs", "prediction", "said"),
    [
        ({"a": (3, (-1,)), "b": (7, (-1,))}, {"a": 1, "b": "x"}, {"y": (1, (-1,))}, 1, ""),
        (
            {"a": (3, (-1,)), "b": (7, (-1,))},
            {"a": 1},
            {"y": (1, (-1,))},
            1,
            "instance: b is missing",
        ),
        ({"a": (3, (-1,)), "b": (7, (-1,))}, [1], {"y": (1, (-1,))}, 1, "must be an object with a, b; got [1]"),
        ({"a": (3, (-1,)), "b": (7, (-1,))}, {"a": 1.0, "b": ""}, {"y": (1, (-1,))}, 1, "a must be int32 []; got 1.0"),
        ({"x": (7, (-1,))}, {"b64": "AA=="}, {"y": (9, (-1,))}, 1.0, ""),
        ({"x": (7, (-1,))}, 1, {"y": (9, (-1,))}, 1, "x must be string []; got 1"),
        ({"x": (10, (-1,))}, True, {"y": (9, (-1,))}, 1.5, "y must be int64 []; got 1.5"),
        ({"x": (1, None)}, [[1]], {"y": (1, None)}, [[[1]]], ""),
        ({"x": (1, None)}, [["a"]], {"y": (1, None)}, 1, 'x must be float32 of any shape; got "a"'),
        ({"x": (1, ())}, 1, {"y": (1, ())}, [1, 2], ""),
        ({"x": (1, (-1, -1))}, [1, 2], {"y": (1, (3,))}, 1, ""),
        ({"x": (1, (-1, -1))}, [[1]], {"y": (1, (3,))}, 1, "x must be float32 [any]; got the shape [1, 1]"),
        ({"x": (1, (-1,))}, 1, {"y": (1, (-1,)), "z": (1, (-1,))}, {"y": 1, "z": 2}, ""),
        (
            {"x": (1, (-1,))},
            1,
            {"y": (1, (-1,)), "z": (1, (-1,))},
            {"y": 1},
            "prediction: z is missing",
        ),
        ({"x": (1, (-1,))}, 1, {"y": (1, (-1,)), "z": (1, (-1,))}, 1, "must be an object with y, z; got 1"),
    ],
)
def test_samples_of_each_kind_of_signature(
    inputs: dict[str, Tensor], instance: Any, outputs: dict[str, Tensor], prediction: Any, said: str
) -> None:
    """Samples match one input or several, texts and bytes, integers, unknown sizes and ranks."""
    signatures = read_graph(graph(inputs, outputs), "x").signatures
    sample = {"instance": instance, "prediction": prediction}

    if not said:
        samples.check([sample], signatures)
        return
    with pytest.raises(UsageError, match=re.escape(said)):
        samples.check([sample], signatures)


@pytest.mark.parametrize("words", [(), ("--samples", "samples.json")])
@pytest.mark.parametrize("names", [("predict", "train"), ()])
def test_model_without_a_default_signature(
    take: Take, checkout: Path, words: tuple[str, ...], names: tuple[str, ...]
) -> None:
    """Without a default signature, the error lists the others and says how to import the model."""
    content = graph({"x": (1, (-1, 2))}, {"y": (1, (-1, 1))}, names=names)
    write(checkout / "exports/x", {"saved_model.pb": content})

    done = take("exports/x", "--name", "churn", *words)

    assert (done.returncode, done.stdout) == (1, "")
    found = f"it has {', '.join(names) or 'none'}"
    assert f"has no signature serving_default; {found}. A gate sends" in done.stderr
    assert "import it with --no-samples" in done.stderr
    assert take("exports/x", "--name", "churn", "--no-samples").returncode == 0


def test_name_of_a_former_recipe(take: Take, checkout: Path) -> None:
    """The name of a former recipe is rejected, because RECIPE@INPUT_DIGEST may still be deployed."""
    card = card_path(checkout, "churn", "0123456789abcdef")
    card.parent.mkdir(parents=True)
    card.write_text('{"contentDigest": "fedcba9876543210"}', encoding="utf-8")

    done = take()

    assert (done.returncode, done.stdout) == (2, "")
    assert "models/cards/churn/0123456789abcdef.json is the card of a former recipe with this name" in done.stderr


@pytest.mark.parametrize(
    ("artifact", "parameters", "said"),
    [
        ("churn", {"width": 1}, "parameters: churn is imported; only a recipe has parameters"),
        ("churn@0123456789abcdef", {}, "card not found in models/cards/churn; the cards are: "),
        ("chum", {}, "unknown recipe 'chum'; the recipes are: fashion_mnist, heart_disease, line; imported: churn"),
    ],
)
def test_refused(take: Take, checkout: Path, artifact: str, parameters: dict[str, Any], said: str) -> None:
    """An unknown name is rejected with the existing ones."""
    assert take().returncode == 0

    with pytest.raises(models.ModelsError) as caught:
        models.resolve(artifact, parameters, root=checkout)
    assert said in str(caught.value)
