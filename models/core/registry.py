"""Finds recipes and checks their parameters."""

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
_TYPES: dict[type, str] = {str: "a string", bool: "a boolean", int: "an integer", float: "a number"}


def is_name(text: str) -> bool:
    """Whether the text is a valid name of a recipe or imported artifact, which is also the name of a folder."""
    return bool(_NAME.fullmatch(text))


def recipe_names(root: Path) -> list[str]:
    """The names of all recipes of the project, sorted."""
    return sorted(path.stem for path in (root / "models").glob("*.py") if _NAME.fullmatch(path.stem))


def load_recipe(name: str, root: Path) -> Recipe:
    """The `RECIPE` of `models/NAME.py`.

    Raises:
        UsageError: the recipe does not exist.
        ModelsError: the file cannot be imported, defines no `RECIPE`, has no parameter `seed`, or its `data` fails.
    """
    if name not in recipe_names(root):
        raise UsageError(f"unknown recipe {name!r}; the recipes are: {', '.join(recipe_names(root)) or 'none'}")
    recipe = getattr(_module(name, root / "models" / f"{name}.py"), "RECIPE", None)
    if not isinstance(recipe, Recipe):
        raise ModelsError(f"models/{name}.py: RECIPE = Recipe(...) is missing; see models/core/recipe.py")
    given: Any = recipe.parameters  # a recipe is user code, whose types were not checked
    declared: dict[str, Any] = dict(given) if isinstance(given, Mapping) else {"": given}
    wrong = [key for key, parameter in declared.items() if not isinstance(parameter, Parameter)]
    if wrong:
        raise ModelsError(f"models/{name}.py: parameters must map names to Parameter(...); {wrong[0] or 'it'} does not")
    if not isinstance(getattr(declared.get("seed"), "default", None), int):
        raise ModelsError(f"models/{name}.py: the parameter seed, an int, is required to make builds repeatable")
    _check_data(name, recipe)
    return recipe


def _check_data(name: str, recipe: Recipe) -> None:
    """Raises `ModelsError` unless `data` works with the defaults: every command needs it for the input digest."""
    try:
        list(recipe.data({key: parameter.default for key, parameter in recipe.parameters.items()}))
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a recipe is user code: any error, even SystemExit, is reported with its name
        raise ModelsError(f"models/{name}.py: data(parameters) fails: {type(error).__name__}: {error}") from error


def _module(name: str, path: Path) -> Any:
    """The module at this path. It is added to sys.modules, where dataclasses look up the types of their fields."""
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
    except BaseException as error:  # a recipe is user code: any error, even SystemExit, is reported with its name
        sys.modules.pop(spec.name, None)
        if isinstance(error, KeyboardInterrupt):
            raise
        raise ModelsError(f"models/{name}.py: it cannot be imported: {type(error).__name__}: {error}") from error
    return module


def complete(name: str, recipe: Recipe, given: Any) -> dict[str, Value]:
    """All parameters of the recipe: the given ones, checked, and the defaults of the others.

    Raises:
        UsageError: `given` is not a mapping, or a parameter is unknown or has a wrong type or value.
    """
    if not isinstance(given, Mapping):
        raise UsageError(f"parameters: must map names to values; got {given!r}")
    known = ", ".join(recipe.parameters)
    unknown = [key for key in given if key not in recipe.parameters]
    wrong = [f"parameters.{key}: unknown; recipe {name} has {known}" for key in unknown]
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
    """Like `complete`, for parameters in text form, from a command line.

    Raises:
        UsageError: see `complete`.
    """
    given = {key: _from_text(recipe.parameters.get(key), text) for key, text in texts.items()}
    return complete(name, recipe, given)


def _from_text(parameter: Parameter | None, text: str) -> Value:
    """The value of a text. A text that is not valid stays unchanged, and `complete` rejects it."""
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
        quotes = "; put quotes around a text that looks like another type" if kind is str else ""
        expected = f"must be {_TYPES.get(kind, kind.__name__)}, like the default {parameter.default!r}"
        raise UsageError(f"{path}: {expected}; got {value!r}{quotes}")
    if isinstance(value, float) and not math.isfinite(value):
        raise UsageError(f"{path}: must be a finite number; got {value!r}")
    if parameter.minimum is not None and not isinstance(value, str) and value < parameter.minimum:
        raise UsageError(f"{path}: must be at least {parameter.minimum}; got {value!r}")
    if parameter.choices and value not in parameter.choices:
        raise UsageError(f"{path}: must be one of {', '.join(map(str, parameter.choices))}; got {value!r}")
    return value


def _number(kind: type, value: Any) -> Any:
    """Converts 256.0 to an int, or 1 to a float, if that is the type: JSON and Pulumi have only one type of number."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return value
    if kind is int and value == int(value):
        return int(value)
    return float(value) if kind is float else value
