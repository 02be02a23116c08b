"""The handlers of all methods: every public coroutine function below `handlers` and `uploads`, by its name."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Awaitable, Callable, Iterable
from types import ModuleType

from emulator.app import Emulator
from emulator.ml import handlers as ml_handlers
from emulator.rest.discovery import Method
from emulator.rest.request import Request, Response
from emulator.storage import handlers as storage_handlers
from emulator.storage import uploads

Handler = Callable[[Emulator, Request], Awaitable[Response]]

_PACKAGES = {"ml": [ml_handlers], "storage": [storage_handlers, uploads]}


def collect(methods: Iterable[Method]) -> dict[str, Handler]:
    """Method id -> its handler, for those methods that have one."""
    found = {api: _functions(packages) for api, packages in _PACKAGES.items()}
    return {method.id: found[method.api][method.handler] for method in methods if method.handler in found[method.api]}


def _functions(packages: Iterable[ModuleType]) -> dict[str, Handler]:
    functions: dict[str, Handler] = {}
    for package, info in ((each, info) for each in packages for info in pkgutil.iter_modules(each.__path__)):
        module = importlib.import_module(f"{package.__name__}.{info.name}")
        found = inspect.getmembers(module, inspect.iscoroutinefunction)
        own = ((name, function) for name, function in found if function.__module__ == module.__name__)
        functions.update((name, function) for name, function in own if not name.startswith("_"))
    return functions
