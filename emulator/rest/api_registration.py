"""The handlers of all methods, found by name: `storage.objects.insert` is answered by `objects_insert`."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from types import ModuleType
from typing import Any

from emulator.app import Emulator
from emulator.ml import handlers as ml_handlers
from emulator.rest.discovery import Method
from emulator.rest.request import Request, Response
from emulator.storage import handlers as storage_handlers
from emulator.storage import uploads

Function = Callable[..., Awaitable[Response]]
"""A handler as it is written, with a docstring."""

Handler = Callable[[Request], Awaitable[Response]]
"""A handler that is ready to be called."""

_PACKAGES = {"ml": [ml_handlers], "storage": [storage_handlers, uploads]}


def collect(methods: Iterable[Method]) -> dict[str, Function]:
    """Method id -> its handler as it is written, for those methods that have one."""
    found = {api: _functions(packages) for api, packages in _PACKAGES.items()}
    return {method.id: found[method.api][method.handler] for method in methods if method.handler in found[method.api]}


def bind(emulator: Emulator, methods: Iterable[Method]) -> dict[str, Handler]:
    """Method id -> its handler for this emulator, for those methods that have one."""
    return {method_id: partial(function, emulator) for method_id, function in collect(methods).items()}


def _functions(packages: Iterable[ModuleType]) -> dict[str, Function]:
    functions: dict[str, Function] = {}
    for package, info in ((each, info) for each in packages for info in pkgutil.iter_modules(each.__path__)):
        module = importlib.import_module(f"{package.__name__}.{info.name}")
        functions.update(
            (name, function) for name, function in _coroutines(module) if function.__module__ == module.__name__
        )
    return functions


def _coroutines(owner: object) -> Iterable[tuple[str, Any]]:
    """Name and function of every public coroutine function of a module, a class or an object."""
    return ((name, found) for name, found in inspect.getmembers(owner, inspect.iscoroutinefunction) if name[0] != "_")
