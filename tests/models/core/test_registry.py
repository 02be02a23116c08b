"""Finding recipes and checking their parameters."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from models.core.errors import ModelsError, UsageError
from models.core.recipe import Parameter, Recipe, Trained, Values
from models.core.registry import complete, load_recipe, parse, recipe_names


def _train(parameters: Values, report: Any) -> Trained:
    raise NotImplementedError


RECIPE = Recipe(
    summary="",
    train=_train,
    parameters={
        "seed": Parameter(1, "", minimum=0),
        "rate": Parameter(0.5, ""),
        "data": Parameter("sample", "", choices=("sample", "full")),
        "deep": Parameter(default=False, help=""),
    },
)
_DATA = """
from models.core.recipe import *

def data(parameters):
    raise {raises}

RECIPE = Recipe("", None, {{"seed": Parameter(1, "")}}, data)
"""


def test_recipes_are_files(checkout: Path) -> None:
    """Every file in models/ whose name starts with a letter is a recipe."""
    assert recipe_names(checkout) == ["fashion_mnist", "heart_disease", "line"]
    assert load_recipe("line", checkout).summary == "a straight line"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, {"seed": 1, "rate": 0.5, "data": "sample", "deep": False}),
        ({"seed": 256.0}, {"seed": 256, "rate": 0.5, "data": "sample", "deep": False}),
        ({"rate": 2, "data": "full", "deep": True}, {"seed": 1, "rate": 2.0, "data": "full", "deep": True}),
    ],
)
def test_complete(given: dict[str, Any], expected: dict[str, Any]) -> None:
    """Defaults are added, and numbers get the type of their default: Pulumi only has floats."""
    found = complete("r", RECIPE, given)

    assert expected == found
    assert [type(value) for value in expected.values()] == [type(value) for value in found.values()]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"sede": 1}, "parameters.sede: unknown; recipe r has seed, rate, data, deep"),
        ({"seed": 1.5}, "parameters.seed: must be an integer, like the default 1; got 1.5"),
        ({"seed": True}, "parameters.seed: must be an integer, like the default 1; got True"),
        ({"seed": "1"}, "parameters.seed: must be an integer, like the default 1; got '1'"),
        ({"seed": None}, "parameters.seed: must be an integer, like the default 1; got None"),
        ({"seed": -1}, "parameters.seed: must be at least 0; got -1"),
        ({"rate": float("nan")}, "parameters.rate: must be a finite number; got nan"),
        ({"data": "half"}, "parameters.data: must be one of sample, full; got 'half'"),
        ({"deep": 1}, "parameters.deep: must be a boolean, like the default False; got 1"),
    ],
)
def test_wrong_parameter(given: dict[str, Any], said: str) -> None:
    """The error has the path of the parameter and the reason."""
    with pytest.raises(UsageError) as raised:
        complete("r", RECIPE, given)
    assert str(raised.value).startswith(said)


def test_parse() -> None:
    """Texts of a command line are converted to the types of the defaults; wrong ones are rejected."""
    texts = {"seed": "3", "rate": "1e-3", "data": "full", "deep": "true"}

    assert parse("r", RECIPE, texts) == {"seed": 3, "rate": 0.001, "data": "full", "deep": True}
    with pytest.raises(UsageError, match=r"parameters\.seed: must be an integer, .* got 'three'"):
        parse("r", RECIPE, {"seed": "three"})


def test_unknown_recipe(checkout: Path) -> None:
    """The error lists the recipes."""
    with pytest.raises(UsageError, match="'lime'; the recipes are: fashion_mnist, heart_disease, line"):
        load_recipe("lime", checkout)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "RECIPE = Recipe"),
        ("import nothing_of_this_name", "cannot be imported: ModuleNotFoundError"),
        ("from models.core.recipe import *\nRECIPE = Recipe('', None, {})", "parameter seed, an int, is required"),
        ("import sys\nsys.exit('no licence')", "cannot be imported: SystemExit: no licence"),
        ("raise GeneratorExit", "cannot be imported: GeneratorExit"),
        (_DATA.format(raises="SystemExit(3)"), r"data\(parameters\) fails: SystemExit: 3"),
    ],
)
def test_broken_recipe(checkout: Path, text: str, said: str) -> None:
    """A file that is not a recipe is named, with the reason."""
    (checkout / "models" / "broken.py").write_text(text, encoding="utf-8")

    with pytest.raises(ModelsError, match=said) as raised:
        load_recipe("broken", checkout)
    assert str(raised.value).startswith("models/broken.py: ")


@pytest.mark.parametrize("text", ["raise KeyboardInterrupt", _DATA.format(raises="KeyboardInterrupt")])
def test_interrupt_while_a_recipe_loads(checkout: Path, text: str) -> None:
    """Ctrl-C while a recipe is loaded stops the command."""
    (checkout / "models" / "broken.py").write_text(text, encoding="utf-8")

    with pytest.raises(KeyboardInterrupt):
        load_recipe("broken", checkout)
