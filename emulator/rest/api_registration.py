"""What an API brings to the emulator: its methods and handlers, and how its requests and errors are written."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from emulator.core.calls.admission import Quota
from emulator.core.operations import OperationKinds
from emulator.http.server import FastPath
from emulator.rest import discovery, error_body
from emulator.rest.discovery import Method
from emulator.rest.error_body import ErrorBody
from emulator.rest.http_call import Call
from emulator.rest.request import Request, Response
from emulator.rest.router import Match

Handler = Callable[[Request], Awaitable[Response]]
Report = Callable[[str], Awaitable[dict[str, Any]]]
"""Answers `GET /-/...`; gets what follows its path."""


async def _plain(answer: Awaitable[Response]) -> Response:
    return await answer


async def _nothing() -> None:
    """Does nothing."""


@dataclass(frozen=True, kw_only=True)
class ExtraRoute:
    """A request that is in no discovery document.

    Attributes:
        method: id of the method that it counts as.
        answer: answers it. Raises `ApiError`.
        write: gives the answer its final form, errors included.
    """

    method: str
    answer: Callable[[], Awaitable[Response]]
    write: Callable[[Awaitable[Response]], Awaitable[Response]] = _plain


@dataclass(frozen=True, kw_only=True)
class ApiRegistration:
    """One API.

    Attributes:
        document: its discovery document.
        other_versions: discovery documents of its other versions, whose methods have the same ids and handlers.
        more_methods: methods at addresses that no document has; each counts as the one of the same id.
        handlers: objects whose public coroutine methods are named after the API's methods:
            `projects_models_set_default` answers `ml.projects.models.setDefault`.
        emulated: ids of the methods that have an address here; every one of the document by default.
        proto_json: whether it reads JSON and query parameters as protocol buffers do, see `json_body`.
        error_body: writes its errors.
        unknown_address: what it says of an address that no method has.
        owns: whether a path looks like one of its addresses, for the form of errors.
        takes: whether it answers a call that matches one of its methods. Otherwise the next API that has a method at
            this address is asked.
        raw_bodies: ids of methods whose handlers read the body themselves.
        check: called with each request before its handler. Raises `ApiError`.
        write: gives an answer its final form, errors included.
        extra_route: finds requests that are in no discovery document; None for all others. First path segments that
            belong to other addresses are never asked about.
        operations: its long-running operations.
        quota: limits its calls and operations.
        fast_paths: HTTP verb -> answers what needs no task.
        repeated: ends of targets that clients send again and again with the same head.
        resume: called once, when the emulator starts.
        stop: ends its tasks.
        close: releases what it holds, after every process has ended.
        status: its part of `/-/status`.
        reports: path below `/-/` -> answers it; a path that ends with a slash takes what follows.
    """

    document: Mapping[str, Any]
    handlers: Sequence[object]
    emulated: Collection[str] | None = None
    other_versions: Sequence[Mapping[str, Any]] = ()
    more_methods: Sequence[Method] = ()
    proto_json: bool = True
    error_body: ErrorBody = error_body.canonical
    unknown_address: str = "Method not found."
    owns: Callable[[str], bool] = lambda _path: False
    takes: Callable[[Match], bool] = lambda _match: True
    raw_bodies: Collection[str] = ()
    check: Callable[[Request], Awaitable[None]] | None = None
    write: Callable[[Call, Match, Awaitable[Response]], Awaitable[Response]] | None = None
    extra_route: Callable[[Call], ExtraRoute | None] = lambda _call: None
    operations: OperationKinds | None = None
    quota: Quota | None = None
    fast_paths: Mapping[str, FastPath] = field(default_factory=dict)
    repeated: tuple[bytes, ...] = ()
    resume: Callable[[], None] = lambda: None
    stop: Callable[[], Awaitable[None]] = _nothing
    close: Callable[[], Awaitable[None]] = _nothing
    status: Callable[[], dict[str, Any]] = dict
    reports: Mapping[str, Report] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The name of the API, with which the ids of its methods begin."""
        return str(self.document["name"])

    @property
    def documents(self) -> Sequence[Mapping[str, Any]]:
        """Its discovery documents, one for each version."""
        return (self.document, *self.other_versions)

    @cached_property
    def methods(self) -> Sequence[Method]:
        """The methods that have an address; those of several versions, once for each."""
        found = (discovery.methods(each, proto_json=self.proto_json, only=self.emulated) for each in self.documents)
        return [*(method for methods in found for method in methods), *self.more_methods]

    @cached_property
    def handler_of(self) -> Mapping[str, Handler]:
        """Id of a method -> its handler, for those that have one."""
        return handlers(self.methods, self.handlers)


def handlers(methods: Sequence[Method], owners: Sequence[object]) -> dict[str, Callable[..., Awaitable[Response]]]:
    """Id of a method -> the coroutine method of its name, of objects or classes; without those that have none."""
    found = dict(_coroutine_methods(owners))
    return {method.id: found[method.handler] for method in methods if method.handler in found}


def _coroutine_methods(owners: Sequence[object]) -> Iterator[tuple[str, Callable[..., Awaitable[Response]]]]:
    for each in owners:
        for name, handler in inspect.getmembers(each, inspect.iscoroutinefunction):
            if not name.startswith("_"):
                yield name, handler


class Apis:
    """All registered APIs.

    Args:
        registrations: the first one owns every path that no other owns.
    """

    def __init__(self, registrations: Sequence[ApiRegistration]) -> None:
        self.all = tuple(registrations)
        self._by_name = {api.name: api for api in self.all}

    def of_method(self, method: Method) -> ApiRegistration:
        """The API of a method."""
        return self._by_name[method.api]

    def of_path(self, path: str) -> ApiRegistration:
        """The API that a path belongs to, or looks like it does."""
        return next((api for api in self.all if api.owns(path)), self.all[0])

    @property
    def methods(self) -> list[Method]:
        """The methods of all APIs."""
        return [method for api in self.all for method in api.methods]
