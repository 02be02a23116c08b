"""The one place that knows Pulumi's provider protocol.

A kind of resource says what its fields are (`schema`) and how to `observe`, `make`, `patch` and `remove` one. When the
engine calls which, and with what, is settled here, once.
"""

from __future__ import annotations

import logging
from abc import abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import ClassVar

from pulumi import dynamic

from gcp import errors
from gcp.api import Api, shared
from gcp.outage import Reported
from gcp.services import Service
from gcp.settings import Settings
from resources.config import local_endpoint
from resources.engine import (
    check_results,
    diff_messages,
    drift,
    engine_process,
    error_messages,
    ownership,
    state_differences,
)
from resources.engine.drift import DRIFT
from resources.engine.provider_context import Call as Call  # noqa: PLC0414 - kinds of resources need it beside Provider
from resources.engine.provider_context import State as State  # noqa: PLC0414 - likewise
from resources.gate.admission import Verdict
from resources.schema import secrets as _secrets
from resources.schema.fields import Changes, Schema
from resources.schema.types import UNKNOWN

CONFLICTS = (errors.Aborted, errors.PreconditionFailed, errors.FailedPrecondition)
"""What a patch is refused with where somebody else changed the resource in between, or is changing it."""


class Provider(dynamic.ResourceProvider):
    """What the engine talks to. Stateless until `configure`, and pickled by reference: its import path is persisted.

    The four verbs are idempotent as far as the API allows, raise `errors.Error`, and get inputs under the API's names.

    Attributes:
        api: the seam to Google, once it is configured.
    """

    serialize_as_secret_always = False
    schema: ClassVar[Schema]
    service: ClassVar[Service]
    claimed: ClassVar[bool] = False  # whether `remove` leaves what another declaration uses, given an owner
    timeouts: ClassVar[Mapping[str, float]] = {"create": 600.0, "update": 600.0, "delete": 600.0}
    """Seconds that waiting may take in a verb, where a program's `timeouts` do not say."""
    create_adopts_existing: ClassVar[bool] = False
    """Whether `make` leaves an existing resource as it is: then it is called with `adopt` too."""
    api: Api
    _project: str = ""

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
        settings = Settings.of(
            get("endpoint"),
            get("gcp:region"),
            impersonate=get("impersonateServiceAccount"),
            operations=get("concurrentOperations"),
            retry_seconds=get("retrySeconds"),
            calls_per_minute=get("callsPerMinute"),
            local_hint=local_endpoint.start_hint,
        )
        self.api, self._project = shared(settings), get("gcp:project") or ""
        logging.getLogger("grpc._server").disabled = True  # it would print a traceback beside every plain error
        engine_process.widen()
        engine_process.die_with_engine()

    def check(self, _olds: State, news: State) -> dynamic.CheckResult:
        """Called before every diff; refuses what cannot be done in place. Values were checked in the program."""
        ownership.declare(engine_process.current_urn(), news)
        secrets = _secrets.failures(self.schema, news.get(_secrets.NAME) or [], self.schema.noun)
        reasons = [f"{path} {reason}" for path, reason in secrets]
        changes = self._changes(_olds, news)
        if _olds and not reasons and not changes.path and not news.get("allowDowntime"):
            reasons = [self._refusal(path, _olds, news) for path in changes.fixed]
        reasons = reasons or check_results.report(self.judge(_olds, news), news)
        return dynamic.CheckResult(news, [dynamic.CheckFailure("", reason) for reason in reasons])

    def judge(self, olds: State, news: State) -> Verdict | None:
        """Warnings and refusals from the inputs alone; `check` calls it if it found no failures itself."""
        del olds, news
        return None

    def _refusal(self, path: str, olds: State, news: State) -> str:
        facts, adoptable = (self._named(news), self.replacement_hint(news, path)), "adopt" in self.schema.types
        return diff_messages.refusal(path, olds, drift.as_found(olds), news, *facts, adoptable=adoptable)

    def diff(self, _id: str, _olds: State, _news: State) -> dynamic.DiffResult:
        """Called at preview and at `up`, with the old *outputs*: pure, no network."""
        changes = self._changes(_olds, _news)
        replaces = [*changes.path, *changes.fixed]
        return dynamic.DiffResult(changes=bool(changes), replaces=replaces, delete_before_replace=bool(replaces))

    def create(self, props: State) -> dynamic.CreateResult:
        """Called where the state has no such resource."""
        inputs = self.schema.inputs_of(props)
        with self._call("create", inputs) as call:
            live = self._made(call, inputs)
            ownership.hold(inputs, self._named(inputs), call.urn)
        return dynamic.CreateResult(self.identity(inputs), self._state(inputs, live))

    def _made(self, call: Call, inputs: State) -> State:
        """What `make` made; or one that exists: this resource's own, or one to adopt, which is looked for first."""
        mark = ownership.mark(self.schema, inputs, call.urn)
        refusal: errors.AlreadyExists | None = None
        first = inputs.get("adopt") and not self.create_adopts_existing
        live = self._found(call, inputs) if first else None
        if live is None:
            try:
                return self.make(call, ownership.marked(inputs, mark))
            except errors.AlreadyExists as error:
                live, refusal = self.observe(call, inputs), error
        ownership.require(live, mark, None if inputs.get("adopt") else refusal)
        return self._taken_over(call, inputs, self.wait_until_stable(call, inputs, live))

    def _found(self, call: Call, inputs: State) -> State | None:
        try:
            return self.observe(call, inputs)
        except errors.NotFound:
            return None

    def _taken_over(self, call: Call, inputs: State, live: State) -> State:
        """One that exists, patched to what the program says. Raises `FailedPrecondition` where that cannot be."""
        state = self._state(inputs, live)
        changes = self.compared(state, inputs)
        if changes.fixed:
            raise errors.FailedPrecondition(diff_messages.unlike(state, inputs, [*changes.fixed, *changes.patch]))
        if changes.patch:
            live = self._patched(call, state, inputs, changes.patch)
        call.report(diff_messages.taken_over(state, inputs, changes.patch))
        return live

    def _patched(self, call: Call, olds: State, news: State, mask: list[str]) -> State:
        """Patches; once more after a conflict: `patch` reads afresh, and writes the same fields.

        Somebody else changed the resource in between, or this very patch took effect and its answer was lost.
        """
        try:
            return self.patch(call, olds, news, mask)
        except CONFLICTS as error:
            call.report(f"trying again after a fresh read: {error}")
        try:
            return self.patch(call, olds, news, mask)
        except CONFLICTS as error:
            live, known = self.observe(call, news), self.schema.inputs_of(olds)
            if not self.compared(self._state(news, live), news).patch:
                return live  # it is as it should be: this very patch took effect, both times without an answer
            meanwhile = diff_messages.meanwhile(olds, self._state(known, live), known)
            conflict = type(error)(f"{error.message}{meanwhile}", error.details)
            conflict.method = error.method
            raise conflict from None

    def wait_for_operation(self, call: Call, inputs: State, live: State) -> State:
        """One that exists, once no operation is under way on it; by default at once. Raises `NotFound`."""
        del call, inputs
        return live

    def wait_until_stable(self, call: Call, inputs: State, live: State) -> State:
        """One that exists, once nothing is going on with it any more; by default at once."""
        del call, inputs
        return live

    def read(self, id_: str, props: State) -> dynamic.ReadResult:
        """Called by refresh. Managed fields come back as they are; a changed fixed one is `drift`."""
        inputs = self.schema.inputs_of(self._with_quiet(props, "inputs"))
        try:
            with self._call("read", inputs) as call, call.api.outage.reported_once():
                live = self.wait_for_operation(call, inputs, self.observe(call, inputs))
        except errors.NotFound:
            return dynamic.ReadResult("", {})
        except Reported:
            return dynamic.ReadResult(id_, dict(props))
        return self.read_result(id_, inputs, live)

    def read_result(self, id_: str, inputs: State, live: State) -> dynamic.ReadResult:
        """What refresh makes of the resource as the API has it: pure."""
        found = self._state(inputs, live)
        state = drift.with_drift(self.schema, inputs, found, self.compared(found, inputs).fixed)
        kept = {name: state[name] for name in inputs if name in state}
        return dynamic.ReadResult(id_, state, {**kept, DRIFT: state[DRIFT]} if state[DRIFT] else kept)

    def update(self, _id: str, _olds: State, _news: State) -> dynamic.UpdateResult:
        """Called where a diff has no replacement: patches exactly the leaves that differ."""
        _olds = self._with_quiet(_olds, "old_inputs")
        inputs, changes = self.schema.inputs_of(_news), self._changes(_olds, _news)
        if not changes.patch and not changes.unknown:
            outputs = {name: _olds[name] for name in self.schema.names("output") if name in _olds}
            return dynamic.UpdateResult({**outputs, DRIFT: {}, **inputs})
        with self._call("update", inputs, _olds) as call:
            live = self._confirmed(call, inputs, changes.unknown) if changes.unknown else {}
            if changes.patch:
                live = self._patched(call, _olds, inputs, changes.patch)
        return dynamic.UpdateResult(self._state(inputs, live))

    def _with_quiet(self, state: State, field: str) -> State:
        """The state's outputs, with the quiet inputs taken from the inputs in this field of the engine's request."""
        inputs = engine_process.request_properties(field)
        return self.schema.with_quiet(state, inputs) if inputs else state

    def _confirmed(self, call: Call, inputs: State, paths: list[str]) -> State:
        """The resource as the API has it, which these fixed fields describe. Raises `FailedPrecondition` otherwise."""
        live = self.observe(call, inputs)
        state = self._state(inputs, live)
        if set(paths) & set(self.compared(state, inputs).fixed):
            raise errors.FailedPrecondition(diff_messages.unlike(state, inputs, paths))
        return live

    def delete(self, _id: str, _props: State) -> None:
        """Called where the program no longer names the resource; what is gone already is no failure."""
        inputs = self.schema.inputs_of(_props)
        try:
            with self._call("delete", inputs) as call:
                claimed = self.claimed and inputs.get("owner")
                if claimed or not ownership.is_held_by_another(inputs, self._named(inputs), call.urn):
                    self.remove(call, inputs)
        except errors.NotFound:
            return

    def _state(self, inputs: State, live: State) -> State:
        return drift.state_of(self.schema, inputs, live)

    def compared(self, olds: State, news: State) -> Changes:
        """What differs, by the schema's lines; a kind says here what they cannot."""
        return self.schema.changes(olds, news)

    def _changes(self, olds: State, news: State) -> Changes:
        """What the program changes of the resource as the last refresh found it.

        A drifted field that is written as the API has it is no difference any more. With `adopt`, a fixed field of
        which the state knows nothing is for `update` to compare.
        """
        olds, drifted = drift.as_found(olds), olds.get(DRIFT) or {}
        found = self.compared(olds, {key: item for key, item in news.items() if item != UNKNOWN})
        accepted = [path for path in drifted if path not in found.fixed]
        unknown = [path for path in found.fixed if news.get("adopt") and state_differences.at(olds, path) is None]
        fixed = [path for path in found.fixed if path not in unknown]
        return replace(found, fixed=fixed, unknown=unknown, local=sorted([*found.local, *accepted]))

    def replacement_hint(self, news: State, path: str) -> str:
        """What to write instead of a change of this field that cannot be made in place."""
        del news, path
        return "Give it another name, or say allowDowntime: true to have it deleted and made again"

    def _named(self, inputs: State) -> str:
        return f"{self.schema.noun} {self.identity(inputs)}"

    @contextmanager
    def _call(self, verb: str, inputs: State, *others: State) -> Iterator[Call]:
        what, urn = f"{verb} {self._named(inputs)}", engine_process.current_urn()
        given = (inputs.get("timeouts") or {}).get(verb)
        hide, timeout = _secrets.Hidden(inputs, *others), float(given or self.timeouts.get(verb, 60.0))
        report = engine_process.Reporter(urn, hide)
        try:
            yield Call(
                api=self.api.reporting(report),
                service=self.service,
                what=what,
                urn=urn,
                project=self._project,
                report=report,
                warn=report.warn,
                timeout=timeout,
                hide=hide,
            )
        except errors.Error as error:
            raise error_messages.for_engine(error, what, hide) from None
