"""The one place that knows Pulumi's provider protocol.

A kind of resource says what its fields are (`schema`) and how to `observe`, `make`, `patch` and `remove` one. When the
engine calls which, and with what, is settled here, once.
"""

from __future__ import annotations

import logging
from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar

from pulumi import dynamic

from resources import _api, _engine, _hints, _operations, _ownership, _settings, _values, errors
from resources._schema import Changes, Schema

State = dict[str, Any]
DRIFT = "drift"
NOTHING = "nothing"
"""A drifted field that the API has no more: the engine drops what is None."""


@dataclass(frozen=True, kw_only=True)
class Call:
    """What a provider's verb works with.

    Attributes:
        api: the seam to Google.
        what: what is going on, for messages: "create version fashion_mnist/v2".
        urn: the resource's URN; empty where the engine did not say.
        report: shows a short text beside the resource.
        timeout: seconds that an operation may take.
    """

    api: _api.Api
    what: str
    urn: str
    report: Callable[[str], None]
    timeout: float

    def operate(self, request: Any, *, repeatable: bool) -> State:
        """Starts an `ml` operation, when there is a place for it, and waits for it; returns its response."""
        with self.api.places.taken(lambda: self.report("waiting: as many operations run as the limit allows")):
            return self.wait(self.api.call(request, repeatable=repeatable), request.methodId)

    def wait(self, operation: State, method: str) -> State:
        """The response of an `ml` operation that this method began, once it has ended."""
        operations = self.api.ml.projects().operations()
        return _operations.wait(
            lambda name: self.api.call(operations.get(name=name)),
            operation,
            what=self.what,
            method=method,
            timeout=self.timeout,
            progress=self.report,
        )


class Provider(dynamic.ResourceProvider):
    """What the engine talks to. Stateless until `configure`, and pickled by reference: its import path is persisted.

    The four verbs are idempotent as far as the API allows, raise `errors.Error`, and get inputs under the API's names.
    """

    serialize_as_secret_always = False
    schema: ClassVar[Schema]
    timeouts: ClassVar[Mapping[str, float]] = {"create": 600.0, "update": 600.0, "delete": 600.0}
    _api: _api.Api

    @abstractmethod
    def identity(self, inputs: State) -> str:
        """The resource's id, which says which one it is: `projects/P/models/M`."""

    @abstractmethod
    def observe(self, call: Call, inputs: State) -> State:
        """The resource as the API has it. Raises `NotFound`."""

    @abstractmethod
    def make(self, call: Call, inputs: State) -> State:
        """Creates the resource and returns it as the API has it. Raises `AlreadyExists`; leaves nothing half-made."""

    @abstractmethod
    def patch(self, call: Call, olds: State, news: State, mask: list[str]) -> State:
        """Changes exactly the fields of the mask and returns the resource as the API has it."""

    @abstractmethod
    def remove(self, call: Call, inputs: State) -> None:
        """Deletes the resource. Raises `NotFound` if it is gone already."""

    def configure(self, req: dynamic.ConfigureRequest) -> None:
        """Called once per process, before anything else: learns where the API is."""
        get = req.config.get
        settings = _settings.Settings.of(get("endpoint"), get("gcp:region"), get("concurrentOperations"))
        self._api = _api.shared(settings)
        logging.getLogger("grpc._server").disabled = True  # it would print a traceback beside every plain error
        _engine.widen()
        _engine.die_with_engine()

    def check(self, _olds: State, news: State) -> dynamic.CheckResult:
        """Called before every diff; refuses what cannot be done in place. Values were checked in the program."""
        changes = self._changes(_olds, news)
        failures = [] if news.get("allowDowntime") else list(self._refusals(changes, _olds, news))
        return dynamic.CheckResult(news, [dynamic.CheckFailure("", reason) for reason in failures])

    def diff(self, _id: str, _olds: State, _news: State) -> dynamic.DiffResult:
        """Called at preview and at `up`, with the old *outputs*: pure, no network."""
        changes = self._changes(_olds, _news)
        replaces = [*changes.path, *changes.fixed, *(_olds.get(DRIFT) or {})]
        return dynamic.DiffResult(
            changes=bool(changes) or bool(replaces), replaces=replaces, delete_before_replace=bool(replaces)
        )

    def create(self, props: State) -> dynamic.CreateResult:
        """Called where the state has no such resource."""
        inputs = self.schema.inputs_of(props)
        with self._call("create", inputs) as call:
            live = self._made(call, inputs)
        return dynamic.CreateResult(self.identity(inputs), self._state(inputs, live))

    def _made(self, call: Call, inputs: State) -> State:
        """What `make` made; or one that exists already, if it is this resource's own, or may be adopted."""
        mark = _ownership.mark(self.schema, inputs, call.urn)
        try:
            return self.make(call, _ownership.marked(inputs, mark))
        except errors.AlreadyExists:
            live = self.observe(call, inputs)
            if not _ownership.is_marked(live, mark) and not inputs.get("adopt"):
                raise
        live = self.settled(call, inputs, live)
        changes = self.schema.changes(self._state(inputs, live), inputs)
        if changes.fixed:
            raise errors.FailedPrecondition(
                f"it exists, and differs in {', '.join(changes.fixed)}: it is left alone; choose another name"
            )
        call.report(f"it exists already: taken over; changed: {', '.join(changes.patch) or 'nothing'}")
        return self._patched(call, self._state(inputs, live), inputs, changes.patch) if changes.patch else live

    def _patched(self, call: Call, olds: State, news: State, mask: list[str]) -> State:
        """Patches; once more after a conflict: `patch` reads afresh, and writes the same fields.

        Somebody else changed the resource in between, or this very patch took effect and its answer was lost.
        """
        try:
            return self.patch(call, olds, news, mask)
        except (errors.Aborted, errors.PreconditionFailed, errors.FailedPrecondition) as error:
            call.report(f"trying again after a fresh read: {error}")
            return self.patch(call, olds, news, mask)

    def settled(self, call: Call, inputs: State, live: State) -> State:
        """One that exists, once nothing is going on with it any more; by default at once."""
        del call, inputs
        return live

    def read(self, id_: str, props: State) -> dynamic.ReadResult:
        """Called by refresh. Managed fields come back as they are; a changed fixed one is reported as `drift`."""
        inputs = self.schema.inputs_of(props)
        try:
            with self._call("read", inputs) as call:
                live = self.observe(call, inputs)
        except errors.NotFound:
            return dynamic.ReadResult("", {})
        state = self._state(inputs, live)
        fixed = self.schema.changes(state, inputs).fixed
        drift = {path: NOTHING if (seen := _at(state, path)) is None else seen for path in fixed}
        for path in drift:
            _put(state, path, _at(inputs, path))
        others = {DRIFT, *(self.schema.inputs_of(state).keys() - inputs.keys())}
        state = {DRIFT: drift, **{name: item for name, item in state.items() if name not in others}}
        kept = {name: state[name] for name in inputs if name in state}
        return dynamic.ReadResult(id_, state, {**kept, DRIFT: drift} if drift else kept)

    def update(self, _id: str, _olds: State, _news: State) -> dynamic.UpdateResult:
        """Called where a diff has no replacement: patches exactly the leaves that differ."""
        inputs = self.schema.inputs_of(_news)
        mask = self._changes(_olds, _news).patch
        if not mask:
            outputs = {name: _olds[name] for name in self.schema.names("output") if name in _olds}
            return dynamic.UpdateResult({**outputs, **inputs})
        with self._call("update", inputs) as call:
            live = self._patched(call, _olds, inputs, mask)
        return dynamic.UpdateResult(self._state(inputs, live))

    def delete(self, _id: str, _props: State) -> None:
        """Called where the program no longer names the resource; what is gone already is no failure."""
        inputs = self.schema.inputs_of(_props)
        try:
            with self._call("delete", inputs) as call:
                self.remove(call, inputs)
        except errors.NotFound:
            return

    def _state(self, inputs: State, live: State) -> State:
        return {DRIFT: {}, **self.schema.observed(inputs, live)}

    def _changes(self, olds: State, news: State) -> Changes:
        return self.schema.changes(olds, {key: item for key, item in news.items() if item != _values.UNKNOWN})

    def _refusals(self, changes: Changes, olds: State, news: State) -> Iterator[str]:
        """Why a change cannot be made in place, with what to write instead."""
        drift = olds.get(DRIFT) or {}
        if not olds or changes.path:
            return
        for path in changes.fixed:
            yield f"{path} of {self._named(news)} cannot be changed in place. {self.instead(news)}"
        for path, live in drift.items():
            yield f"{path} of {self._named(news)} was changed outside to {_values.shown(live)}. {self.instead(news)}"

    def instead(self, news: State) -> str:
        """What to write instead of a change that cannot be made in place."""
        del news
        return "Give it another name, or say allowDowntime: true to have it deleted and made again"

    def _named(self, inputs: State) -> str:
        return f"{self.schema.noun} {self.identity(inputs)}"

    @contextmanager
    def _call(self, verb: str, inputs: State) -> Iterator[Call]:
        what, urn = f"{verb} {self._named(inputs)}", _engine.current_urn()
        given = (inputs.get("timeouts") or {}).get(verb)
        timeout, report = float(given or self.timeouts.get(verb, 60.0)), _engine.Reporter(urn)
        try:
            yield Call(api=self._api.reporting(report), what=what, urn=urn, report=report, timeout=timeout)
        except errors.ApiError as error:
            raise type(error)(_hints.told(what, error), error.details) from None
        except errors.OperationFailed as error:
            raise errors.OperationFailed(_hints.told(what, error), error.code) from None
        except (errors.EndpointUnreachable, errors.ArtifactError) as error:
            raise type(error)(f"{what}: {error}") from None


def _at(values: Any, path: str) -> Any:
    for key in path.split("."):
        values = values.get(key) if isinstance(values, Mapping) else None
    return values


def _put(values: State, path: str, value: Any) -> None:
    *parents, last = path.split(".")
    for key in parents:
        values = values.setdefault(key, {})
    values[last] = value
