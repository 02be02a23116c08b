"""The handlers of all methods: every public coroutine function of `emulator.ml` and `emulator.storage` by its name."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Awaitable, Callable, Iterable
from types import ModuleType

from emulator import ml, storage
from emulator.context import Emulator
from emulator.discovery import Method
from emulator.request import Request, Response

Handler = Callable[[Emulator, Request], Awaitable[Response]]

_PACKAGES = {"ml": ml, "storage": storage}


def collect(methods: Iterable[Method]) -> dict[str, Handler]:
    """Method id -> its handler, for those methods that have one."""
    found = {api: _functions(package) for api, package in _PACKAGES.items()}
    return {method.id: found[method.api][method.handler] for method in methods if method.handler in found[method.api]}


def _functions(package: ModuleType) -> dict[str, Handler]:
    functions: dict[str, Handler] = {}
    for info in pkgutil.iter_modules(package.__path__):
        module = importlib.import_module(f"{package.__name__}.{info.name}")
        found = inspect.getmembers(module, inspect.iscoroutinefunction)
        own = ((name, function) for name, function in found if function.__module__ == module.__name__)
        functions.update((name, function) for name, function in own if not name.startswith("_"))
    return functions
