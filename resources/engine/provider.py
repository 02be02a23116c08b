"""The only module that knows Pulumi's provider protocol.

A kind of resource defines its fields (`schema`) and how to `observe`, `make`, `patch` and `remove` one. This module
decides when the engine's calls lead to which of them.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from pulumi import dynamic

from gcp import errors
from gcp.api import shared
from gcp.outage import Reported
from gcp.settings import Settings
from resources.config import local_endpoint
from resources.engine import (
    cancellation,
    check_results,
    diff_messages,
    drift,
    engine_process,
    error_messages,
    ownership,
    state_differences,
    unfinished,
)
from resources.engine.drift import DRIFT
from resources.engine.kind import Kind
from resources.engine.provider_context import Call as Call  # noqa: PLC0414 - kinds of resources import it together with Provider
from resources.engine.provider_context import State as State  # noqa: PLC0414 - likewise
from resources.engine.unfinished import UNFINISHED
from resources.schema import secrets as _secrets
from resources.schema.fields import Changes
from resources.schema.types import UNKNOWN

After = Callable[[Call, errors.Error], unfinished.Aftermath]
"""Returns the state that a failed verb left."""

_PROVIDER = "__provider"
"""The output with the pickled provider; `pulumi.dynamic` adds it only after a success."""
CONFLICTS = (errors.Aborted, errors.PreconditionFailed, errors.FailedPrecondition)
"""Errors of a patch if somebody else changed the resource in the meantime, or is changing it."""


class Provider(Kind):
    """Answers the engine's calls. Stateless until `configure`. Pickled by reference: its import path is persisted."""

    def configure(self, req: dynamic.ConfigureRequest) -> None:
        """Called once per process, before anything else: reads the settings, such as the endpoint."""
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
        self.api, self._project = shared(settings, cancellation.CLOCK), get("gcp:project") or ""
        logging.getLogger("grpc._server").disabled = True  # it would print a traceback with every error message
        engine_process.widen()
        cancellation.listen()
        engine_process.die_with_engine()

    def check(self, _olds: State, news: State) -> dynamic.CheckResult:
        """Called before every diff. Rejects changes that are impossible in place; the program checked the values."""
        ownership.declare(engine_process.current_urn(), news)
        secrets = _secrets.failures(self.schema, news.get(_secrets.NAME) or [], self.schema.noun)
        reasons = [f"{path} {reason}" for path, reason in secrets]
        changes = self._changes(_olds, news)
        if _olds and not reasons and not changes.path and not news.get("allowDowntime"):
            reasons = [self._refusal(path, _olds, news) for path in changes.fixed]
        reasons = reasons or check_results.report(self.judge(_olds, news), news)
        return dynamic.CheckResult(news, [dynamic.CheckFailure("", reason) for reason in reasons])

    def _refusal(self, path: str, olds: State, news: State) -> str:
        facts, adoptable = (self._named(news), self.replacement_hint(news, path)), "adopt" in self.schema.types
        return diff_messages.refusal(path, olds, drift.as_found(olds), news, *facts, adoptable=adoptable)

    def diff(self, _id: str, _olds: State, _news: State) -> dynamic.DiffResult:
        """Called in `preview` and `up`, with the old *outputs*. Pure, no network."""
        changes = self._changes(_olds, _news)
        replaces = [*changes.path, *changes.fixed]
        return dynamic.DiffResult(changes=bool(changes), replaces=replaces, delete_before_replace=bool(replaces))

    def create(self, props: State) -> dynamic.CreateResult:
        """Called if the state does not have the resource."""
        inputs = self.schema.inputs_of(props)

        def after(call: Call, error: errors.Error) -> unfinished.Aftermath:
            return unfinished.after_create(self, call, inputs, error)

        with self._call("create", inputs, props, after=after) as call:
            live = self._made(call, inputs)
            ownership.hold(inputs, self._named(inputs), call.urn)
        return dynamic.CreateResult(self.identity(inputs), self._state(inputs, live))

    def _made(self, call: Call, inputs: State) -> State:
        """Creates the resource, unless it exists: its own from an earlier run, or one to adopt, which is read first."""
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
        call.api.effects.on_foreign = not ownership.is_marked(live, mark)
        return self._taken_over(call, inputs, self.wait_until_stable(call, inputs, live))

    def _found(self, call: Call, inputs: State) -> State | None:
        try:
            return self.observe(call, inputs)
        except errors.NotFound:
            return None

    def _taken_over(self, call: Call, inputs: State, live: State) -> State:
        """Patches an existing resource to what the program declares. Raises `FailedPrecondition` if it cannot."""
        state = self._state(inputs, live)
        changes = self.compared(state, inputs)
        if changes.fixed:
            raise errors.FailedPrecondition(diff_messages.unlike(state, inputs, [*changes.fixed, *changes.patch]))
        if changes.patch:
            live = self._patched(call, state, inputs, changes.patch)
        call.report(diff_messages.taken_over(state, inputs, changes.patch))
        return live

    def _patched(self, call: Call, olds: State, news: State, mask: list[str]) -> State:
        """Patches. After a conflict, patches once more: `patch` reads again, and writes the same fields.

        Either somebody else changed the resource meanwhile, or this patch took effect and its response was lost.
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
                return live  # it has the wanted values: this patch took effect, and both responses were lost
            meanwhile = diff_messages.meanwhile(olds, self._state(known, live), known)
            conflict = type(error)(f"{error.message}{meanwhile}", error.details)
            conflict.method = error.method
            raise conflict from None

    def read(self, id_: str, props: State) -> dynamic.ReadResult:
        """Called by refresh. Returns the current values of managed fields; a changed fixed field is `drift`."""
        inputs = self.schema.inputs_of(self._with_quiet(props, "inputs"))
        try:
            with self._call("read", inputs) as call, call.api.outage.reported_once():
                unfinished.wait_for(call, props)
                live = self.wait_for_operation(call, inputs, self.observe(call, inputs))
        except errors.NotFound:
            return dynamic.ReadResult("", {})
        except Reported:
            return dynamic.ReadResult(id_, dict(props))
        return self.read_result(id_, inputs, live)

    def read_result(self, id_: str, inputs: State, live: State) -> dynamic.ReadResult:
        """The state after a refresh, from the resource as the API has it. Pure."""
        found = self._state(inputs, live)
        state = drift.with_drift(self.schema, inputs, found, self.compared(found, inputs).fixed)
        kept = {name: state[name] for name in inputs if name in state}
        return dynamic.ReadResult(id_, state, {**kept, DRIFT: state[DRIFT]} if state[DRIFT] else kept)

    def update(self, _id: str, _olds: State, _news: State) -> dynamic.UpdateResult:
        """Called for a diff without a replacement, and after a partial failure. Patches exactly what differs."""
        _olds = self._with_quiet(_olds, "old_inputs")
        inputs, changes = self.schema.inputs_of(_news), self._changes(_olds, _news)
        if not changes.patch and not changes.unknown and UNFINISHED not in _olds:
            outputs = {name: _olds[name] for name in self.schema.names("output") if name in _olds}
            return dynamic.UpdateResult({**outputs, DRIFT: {}, **inputs})

        def after(call: Call, _: errors.Error) -> unfinished.Aftermath:
            return unfinished.after_update(self, call, _olds, _news, changes.patch)

        with self._call("update", inputs, _olds, after=after) as call:
            if UNFINISHED in _olds:
                live = self._finished(call, _olds, inputs)
            else:
                live = self._confirmed(call, inputs, changes.unknown) if changes.unknown else {}
                if changes.patch:
                    live = self._patched(call, _olds, inputs, changes.patch)
        return dynamic.UpdateResult(self._state(inputs, live))

    def _finished(self, call: Call, olds: State, inputs: State) -> State:
        """Completes a resource that an earlier run left unfinished; returns it as the API has it."""
        unfinished.wait_for(call, olds)
        if olds[UNFINISHED].get("verb") == "create":
            live = None if self.create_adopts_existing else self._found(call, inputs)
            if live is None:
                return self.make(call, ownership.marked(inputs, ownership.mark(self.schema, inputs, call.urn)))
            return self._taken_over(call, inputs, self.wait_until_stable(call, inputs, live))
        live = self.wait_for_operation(call, inputs, self.observe(call, inputs))
        state = unfinished.between(self.schema, olds, inputs, live)
        changes = self.compared(state, inputs)
        return self._patched(call, state, inputs, changes.patch) if changes.patch else live

    def _with_quiet(self, state: State, field: str) -> State:
        """The state's outputs, with the quiet inputs taken from the inputs in this field of the engine's request."""
        inputs = engine_process.request_properties(field)
        return self.schema.with_quiet(state, inputs) if inputs else state

    def _confirmed(self, call: Call, inputs: State, paths: list[str]) -> State:
        """The resource as the API has it. Raises `FailedPrecondition` if its fixed fields differ from the inputs."""
        live = self.observe(call, inputs)
        state = self._state(inputs, live)
        if set(paths) & set(self.compared(state, inputs).fixed):
            raise errors.FailedPrecondition(diff_messages.unlike(state, inputs, paths))
        return live

    def delete(self, _id: str, _props: State) -> None:
        """Called if the program no longer declares the resource. Succeeds if it is already gone."""
        inputs = self.schema.inputs_of(_props)
        try:
            with self._call("delete", inputs) as call:
                unfinished.wait_for(call, _props)
                if unfinished.is_another(self, call, inputs, _props):
                    call.warn(f"{self._named(inputs)} was not deleted: this stack did not create it")
                    return
                claimed = self.claimed and inputs.get("owner")
                if claimed or not ownership.is_held_by_another(inputs, self._named(inputs), call.urn):
                    self._removed(call, inputs)
        except errors.NotFound:
            return

    def _removed(self, call: Call, inputs: State) -> None:
        """Deletes it. A cancelled deletion that continues counts as done: a failed `delete` records nothing.

        Not in a `destroy`, which would then end as if it had deleted everything.
        """
        try:
            self.remove(call, inputs)
        except errors.Cancelled as error:
            if ownership.is_destroy() or not (self.deletion_goes_on and call.api.effects.operation):
                raise
            call.warn(f"{call.what}: {error}. {unfinished.DELETING}")

    def _state(self, inputs: State, live: State) -> State:
        return drift.state_of(self.schema, inputs, live)

    def _changes(self, olds: State, news: State) -> Changes:
        """The differences between the program and the resource as the last refresh found it.

        A drifted field is not a difference if the program now has the API's value. With `adopt`, a fixed field that is
        not in the state is left out here: `update` compares it.
        """
        olds, drifted = drift.as_found(olds), olds.get(DRIFT) or {}
        found = self.compared(olds, {key: item for key, item in news.items() if item != UNKNOWN})
        accepted = [path for path in drifted if path not in found.fixed]
        unknown = [path for path in found.fixed if news.get("adopt") and state_differences.at(olds, path) is None]
        fixed = [path for path in found.fixed if path not in unknown]
        return replace(found, fixed=fixed, unknown=unknown, local=sorted([*found.local, *accepted]))

    def _named(self, inputs: State) -> str:
        return f"{self.schema.noun} {self.identity(inputs)}"

    @contextmanager
    def _call(self, verb: str, inputs: State, *others: State, after: After | None = None) -> Iterator[Call]:
        what, urn = f"{verb} {self._named(inputs)}", engine_process.current_urn()
        given = (inputs.get("timeouts") or {}).get(verb)
        hide, timeout = _secrets.Hidden(inputs, *others), float(given or self.timeouts.get(verb, 60.0))
        report = engine_process.Reporter(urn, hide)
        call = Call(
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
        try:
            yield call
        except errors.Error as error:
            left = after(call, error) if after else unfinished.Aftermath(known=verb != "delete")
            found = error_messages.for_engine(error, what, hide, note=left.note, known=left.known)
            if left.state is not None:
                self._record(inputs, left.state, others, str(found))
            raise found from None

    def _record(self, inputs: State, state: State, known: tuple[State, ...], reason: str) -> None:
        """An error that makes the engine store this state although the verb failed."""
        pickled = next((each[_PROVIDER] for each in known if _PROVIDER in each), "")
        paths = [path for each in (inputs, *known) for path in each.get(_secrets.NAME) or ()]
        secret = {path.partition(".")[0].partition("[")[0] for path in paths}
        outputs = {DRIFT: {}, **state, _PROVIDER: pickled}
        engine_process.fail_partially(self.identity(inputs), outputs, secret, reason)
