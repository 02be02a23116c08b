"""The handlers of all methods, found by name: `storage.objects.insert` is answered by `objects_insert`."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import partial
from types import ModuleType
from typing import Any

from emulator.app import Emulator
from emulator.ml import handlers as ml_handlers
from emulator.rest.discovery import Method
from emulator.rest.request import Request, Response
from emulator.storage import api as storage_api

Function = Callable[..., Awaitable[Response]]
"""A handler as it is written, with a docstring."""

Handler = Callable[[Request], Awaitable[Response]]
"""A handler that is ready to be called."""


def collect(methods: Iterable[Method]) -> dict[str, Function]:
    """Method id -> its handler as it is written, for those methods that have one."""
    return _chosen(methods, {"ml": _functions(ml_handlers), "storage": _methods(storage_api.HANDLERS)})


def bind(emulator: Emulator, methods: Iterable[Method]) -> dict[str, Handler]:
    """Method id -> its handler for this emulator, for those methods that have one."""
    ml = {name: partial(function, emulator) for name, function in _functions(ml_handlers).items()}
    return _chosen(methods, {"ml": ml, "storage": _methods(emulator.storage.handlers)})


def _chosen(methods: Iterable[Method], found: Mapping[str, Mapping[str, Function]]) -> dict[str, Function]:
    return {method.id: found[method.api][method.handler] for method in methods if method.handler in found[method.api]}


def _methods(owners: Iterable[object]) -> dict[str, Function]:
    return {name: method for owner in owners for name, method in _coroutines(owner)}


def _functions(package: ModuleType) -> dict[str, Function]:
    functions: dict[str, Function] = {}
    for info in pkgutil.iter_modules(package.__path__):
        module = importlib.import_module(f"{package.__name__}.{info.name}")
        found = ((name, function) for name, function in _coroutines(module) if function.__module__ == module.__name__)
        functions.update(found)
    return functions


def _coroutines(owner: object) -> Iterable[tuple[str, Any]]:
    """Name and function of every public coroutine function of a module, a class or an object."""
    return ((name, found) for name, found in inspect.getmembers(owner, inspect.iscoroutinefunction) if name[0] != "_")
