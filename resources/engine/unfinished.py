"""What the state holds after a verb that failed partway: what the API has now, and which operation still runs there.

Otherwise the state would stay as it was before. A reverted stack file would equal it, and `up` would do nothing.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from gcp import errors
from gcp.effects import Effects
from resources.engine import ownership, state_differences
from resources.engine.kind import Kind
from resources.engine.provider_context import Call, State
from resources.schema import secrets
from resources.schema.fields import Schema
from resources.schema.labels import LABEL

UNFINISHED = "unfinished"
"""The output of a resource that `update` must read before it compares: the `verb` and the running `operation`."""
READ_SECONDS = 5.0
"""How long the one read after a failure is retried."""
_RECORDED = "The state records what took effect"
_RUNNING = "The state records it as unfinished; the next `pulumi up` waits for it, then applies the stack file"
_UNREAD = "It could not be read; the next `pulumi up` reads it, then applies the stack file"
DELETING = (
    "It is no longer in the state; if you declare it again, `pulumi up` waits for the deletion. If the deletion fails "
    "at the service, delete it by hand"
)
"""For a deletion that continues after a cancellation."""


class Aftermath(NamedTuple):
    """What is known after a failure.

    Attributes:
        state: the new state; None to keep the old one.
        note: a sentence for the user; empty for none.
        known: whether the effect of the verb is known, or the next `up` reads it.
    """

    state: State | None = None
    note: str = ""
    known: bool = True


def after_create(kind: Kind, call: Call, inputs: State, error: errors.Error) -> Aftermath:
    """What a failed `make` left. Resources of others are not recorded: what the state holds, `up` may delete."""
    effects, mark = call.api.effects, mark_of(kind, inputs, call.urn)
    if not effects or effects.on_foreign or isinstance(error, errors.AlreadyExists):
        return Aftermath()
    unfinished = {UNFINISHED: {"verb": "create", "operation": effects.operation}}
    try:
        live = _read(kind, call, inputs)
    except errors.Error:
        by_id = kind.create_adopts_existing and not kind.claimed
        if effects.operation or effects.certain or mark or by_id:
            return Aftermath({**inputs, **unfinished}, _RUNNING if effects.operation else _UNREAD)
        return Aftermath(known=False)
    if effects.operation:
        return Aftermath({**_created(kind.schema, inputs, live or inputs), **unfinished}, _RUNNING)
    if live is None or not kind.is_own(inputs, live, mark, made=effects.certain):
        return Aftermath()
    return Aftermath({**_created(kind.schema, inputs, live), **unfinished}, _RECORDED)


def after_update(kind: Kind, call: Call, olds: State, news: State, mask: list[str]) -> Aftermath:
    """What a failed change left. A change whose operation still runs is recorded as if it had taken effect."""
    effects = call.api.effects
    if not effects:
        return Aftermath()
    live: State | None = None
    try:
        live = _read(kind, call, news)
    except errors.Error:
        note = _RUNNING if effects.operation else _UNREAD
        return Aftermath(_wanted(olds, olds, news, mask, effects), note)
    if live is None:
        return Aftermath()
    state = between(kind.schema, olds, news, live)
    if effects.operation:
        return Aftermath(_wanted(state, olds, news, mask, effects), _RUNNING)
    changed = any(state.get(name) != olds.get(name) for name in kind.schema.names("mutable"))
    return Aftermath(state, _RECORDED) if changed else Aftermath()


def between(schema: Schema, olds: State, news: State, live: Mapping[str, Any]) -> State:
    """The old state, with the API's values of all mutable fields that the old or the new inputs manage."""
    before, after = (schema.observed(schema.inputs_of(each), live) for each in (olds, news))
    mutable, outputs = schema.names("mutable"), schema.names("output")
    kept = {name: item for name, item in olds.items() if name not in mutable and name not in outputs}
    patched = {name: merged(before.get(name), after.get(name)) for name in mutable if name in before or name in after}
    said = {name: after[name] for name in outputs if name in after}
    return {**kept, **patched, **said, **secrets.Hidden(olds, news).values(said, outputs)}


def wait_for(call: Call, state: Mapping[str, Any]) -> None:
    """Waits until the operation that an earlier run left running is done, whether it succeeds or fails."""
    name = (state.get(UNFINISHED) or {}).get("operation")
    if not name:
        return
    call.report("waiting for an operation of an earlier run")
    with contextlib.suppress(errors.OperationFailed, errors.NotFound):  # the caller reads the result
        call.wait({"name": name}, "the operation")


def is_another(kind: Kind, call: Call, inputs: State, state: Mapping[str, Any]) -> bool:
    """Whether the existing resource is not the one that the unfinished `make` of this state created.

    Raises:
        NotFound: there is none.
    """
    mark = mark_of(kind, inputs, call.urn)
    if not (mark or kind.claimed) or (state.get(UNFINISHED) or {}).get("verb") != "create":
        return False
    kind.await_creation(call, inputs)
    live = kind.observe(call, inputs)
    if mark:
        return not ownership.is_of_declaration(live, mark)
    return not kind.is_own(inputs, live, mark, made=False)


def is_recognizable(kind: Kind, inputs: State, urn: str) -> bool:
    """Whether a later run can tell whether an interrupted `make` created the resource that exists then."""
    return not inputs.get("adopt") and (kind.create_adopts_existing or bool(mark_of(kind, inputs, urn)))


def mark_of(kind: Kind, inputs: State, urn: str) -> str:
    """The owner label of the API's resource; empty if it has none."""
    has_labels = "labels" in kind.schema.types and LABEL in kind.schema.added_labels
    return ownership.mark(kind.schema, inputs, urn) if has_labels else ""


def _read(kind: Kind, call: Call, inputs: State) -> State | None:
    """The resource as the API has it; None if there is none."""
    try:
        return kind.observe(replace(call, api=call.api.afterwards(READ_SECONDS)), inputs)
    except errors.NotFound:
        return None


def _created(schema: Schema, inputs: State, live: Mapping[str, Any]) -> State:
    state = schema.observed(inputs, live)
    return {**state, **secrets.Hidden(inputs).values(state, schema.names("output"))}


def _wanted(state: State, olds: State, news: State, mask: list[str], effects: Effects) -> State:
    """The state with the wanted values of the mask's fields; mappings keep the keys that only the old inputs have."""
    at = state_differences.at
    wanted = {path: merged(at(olds, path), at(news, path)) for path in mask}
    verb = (olds.get(UNFINISHED) or {}).get("verb", "update")
    unfinished = {"verb": verb, "operation": effects.operation}
    return {**state_differences.put(state, wanted), UNFINISHED: unfinished}


def merged(one: Any, other: Any) -> Any:
    """The union of two mappings; of other values the second, or the first if the second is None."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return {key: merged(one.get(key), other.get(key)) for key in {**one, **other}}
    return one if other is None else other
