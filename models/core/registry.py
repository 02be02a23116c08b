"""Finds recipes and checks the parameters that are given to them."""

from __future__ import annotations

import importlib.util
import math
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from models.core.errors import ModelsError, UsageError
from models.core.recipe import Parameter, Recipe, Value

_NAME = re.compile(r"[a-z][a-z0-9_]{0,127}")


def is_name(text: str) -> bool:
    """Whether the text is a valid name of a recipe or an imported artifact: it becomes the name of a folder."""
    return bool(_NAME.fullmatch(text))


def recipe_names(root: Path) -> list[str]:
    """The names of all recipes of the project, sorted."""
    return sorted(path.stem for path in (root / "models").glob("*.py") if _NAME.fullmatch(path.stem))


def load_recipe(name: str, root: Path) -> Recipe:
    """The `RECIPE` of `models/NAME.py`.

    Raises:
        UsageError: there is no such recipe.
        ModelsError: the file cannot be imported or defines no `RECIPE`; its parameters lack `seed`; its data fails.
    """
    if name not in recipe_names(root):
        raise UsageError(f"there is no recipe {name!r}; there are: {', '.join(recipe_names(root)) or 'none'}")
    recipe = getattr(_module(name, root / "models" / f"{name}.py"), "RECIPE", None)
    if not isinstance(recipe, Recipe):
        raise ModelsError(f"models/{name}.py: RECIPE = Recipe(...) is missing (models/core/recipe.py says what it is)")
    given: Any = recipe.parameters  # a recipe is the user's code: nothing has checked its types
    declared: dict[str, Any] = dict(given) if isinstance(given, Mapping) else {"": given}
    wrong = [key for key, parameter in declared.items() if not isinstance(parameter, Parameter)]
    if wrong:
        raise ModelsError(f"models/{name}.py: parameters must map names to Parameter(...); {wrong[0] or 'it'} does not")
    if not isinstance(getattr(declared.get("seed"), "default", None), int):
        raise ModelsError(f"models/{name}.py: the parameters lack seed, an int: without it no build can be repeated")
    _check_data(name, recipe)
    return recipe


def _check_data(name: str, recipe: Recipe) -> None:
    """Raises `ModelsError` unless `data` works with the defaults: every command needs it for the input digest."""
    try:
        list(recipe.data({key: parameter.default for key, parameter in recipe.parameters.items()}))
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a recipe is the user's code: whatever it raises, SystemExit too, names the recipe
        raise ModelsError(f"models/{name}.py: data(parameters) fails: {type(error).__name__}: {error}") from error


def _module(name: str, path: Path) -> Any:
    """The module at this path. It stands in sys.modules: dataclasses look there for the types of their fields."""
    loaded = sys.modules.get(f"models.{name}")
    if loaded is not None and getattr(loaded, "__file__", None) == str(path):
        return loaded
    spec = importlib.util.spec_from_file_location(f"models.{name}", path)
    if spec is None or spec.loader is None:
        raise ModelsError(f"models/{name}.py: Python cannot import it")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException as error:  # a recipe is the user's code: whatever it raises, SystemExit too, names the recipe
        sys.modules.pop(spec.name, None)
        if isinstance(error, KeyboardInterrupt):
            raise
        raise ModelsError(f"models/{name}.py: it cannot be imported: {type(error).__name__}: {error}") from error
    return module


def complete(name: str, recipe: Recipe, given: Any) -> dict[str, Value]:
    """All parameters of the recipe: those given, a mapping by name, checked; and the defaults of the others.

    Raises:
        UsageError: a parameter is not one of the recipe's, or has a wrong type or value.
    """
    if not isinstance(given, Mapping):
        raise UsageError(f"parameters: {given!r} does not map names to values")
    known = ", ".join(recipe.parameters)
    unknown = [key for key in given if key not in recipe.parameters]
    wrong = [f"parameters.{key}: recipe {name} has no such parameter; it has {known}" for key in unknown]
    values: dict[str, Value] = {}
    for key, parameter in recipe.parameters.items():
        try:
            values[key] = _checked(f"parameters.{key}", parameter, given.get(key, parameter.default))
        except UsageError as error:  # noqa: PERF203 - a handful of parameters
            wrong.append(str(error))
    if wrong:
        raise UsageError("; ".join(wrong))
    return values


def parse(name: str, recipe: Recipe, texts: Mapping[str, str]) -> dict[str, Value]:
    """All parameters of the recipe, those given being texts from a command line.

    Raises:
        UsageError: as `complete` does.
    """
    given = {key: _from_text(recipe.parameters.get(key), text) for key, text in texts.items()}
    return complete(name, recipe, given)


def _from_text(parameter: Parameter | None, text: str) -> Value:
    """The value that a text means. A text that means none stays as it is, for `complete` to refuse."""
    kind = type(parameter.default) if parameter else str
    if kind is bool:
        return {"true": True, "false": False}.get(text, text)
    try:
        return kind(text)
    except ValueError:
        return text


def _checked(path: str, parameter: Parameter, given: Any) -> Value:
    kind = type(parameter.default)
    value: Value = _number(kind, given)
    if type(value) is not kind:
        quotes = "; a text that looks like something else needs quotes" if kind is str else ""
        raise UsageError(f"{path}: {value!r} is no {kind.__name__}; the default is {parameter.default!r}{quotes}")
    if isinstance(value, float) and not math.isfinite(value):
        raise UsageError(f"{path}: {value!r} is no finite number")
    if parameter.minimum is not None and not isinstance(value, str) and value < parameter.minimum:
        raise UsageError(f"{path}: {value!r} is less than {parameter.minimum}")
    if parameter.choices and value not in parameter.choices:
        raise UsageError(f"{path}: {value!r} is none of {', '.join(map(str, parameter.choices))}")
    return value


def _number(kind: type, value: Any) -> Any:
    """JSON and Pulumi know one kind of number, so 256.0 is an int where an int is due, and 1 a float."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return value
    if kind is int and value == int(value):
        return int(value)
    return float(value) if kind is float else value
