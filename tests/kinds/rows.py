"""One row per field and kind of change: what the engine is asked to do, and what goes over the wire.

Strings in `<...>` stand for what differs from test to test: `<project>`, `<bucket>`, and the names that a kind adds.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, get_args, get_origin

from typing_extensions import is_typeddict

from gcp import errors
from resources.schema.fields import Schema
from resources.schema.types import INT64, join, members, plain_type
from tests.providers import State

Step = Literal["same", "update", "replace", "refused"]
Change = Literal["changed", "given", "taken away", "spelled"]
Outcome = Literal["mended", "reported", "left alone"]


class Sent(NamedTuple):
    """One call that changes something.

    Attributes:
        method: the method id.
        mask: its `updateMask`.
        body: its JSON.
        guarded: whether it holds only for what was read right before: by an etag or a generation.
    """

    method: str
    mask: str | None = None
    body: State | None = None
    guarded: bool = False

    @property
    def text(self) -> str:
        """The call as text, in which 2 and 2.0 differ."""
        return f"{self.method} mask={self.mask} guarded={self.guarded} {json.dumps(self.body, sort_keys=True)}"


@dataclass(frozen=True, kw_only=True)
class Row:
    """One change of one field.

    Attributes:
        field: path of what changes: `autoScaling.minNodes`, `container.env.name`.
        change: another value; a value where none was; no value where one was; the same value in another spelling.
        step: what the engine reports without `allowDowntime`.
        old: edit of the kind's inputs, None to remove: what the state was made of.
        new: edit of `old`: what the program says now.
        wire: the calls of an update.
        body: edit of the kind's `create` body, None to remove: what makes the replacement.
        then: the calls that follow that `create`.
        made: False where the emulator cannot make `old`: then its state is computed.
        answer: the API's answer to the `create` where the emulator does not make `new`.
        note: tells apart rows of the same field and change.
        outside: what becomes of it where somebody else makes this change, and it is not what `outcome` says anyway.
        back: the JSON of the call that takes the change back, where it is not that of `wire` with the old values.
    """

    field: str
    change: Change
    step: Step
    old: State = dataclasses.field(default_factory=dict)
    new: State = dataclasses.field(default_factory=dict)
    wire: tuple[Sent, ...] = ()
    body: State = dataclasses.field(default_factory=dict)
    then: tuple[Sent, ...] = ()
    made: bool = True
    answer: type[errors.ApiError] | None = None
    note: str = ""
    outside: Outcome | None = None
    back: State | None = None

    @property
    def title(self) -> str:
        """The row's name in a report."""
        return f"{self.field} {self.change}" + (f", {self.note}" if self.note else "")

    @property
    def name(self) -> str:
        """The field that the path leads into: `autoScaling`."""
        return self.field.partition(".")[0]

    def outcome(self, schema: Schema) -> Outcome:
        """What becomes of this change where somebody else makes it: patched back, refused, or none of our business."""
        if self.outside:
            return self.outside
        if self.change == "given":
            return "left alone"
        if self.step == "refused" or schema.fields[self.name].kind == "fixed":
            return "reported"
        return "mended"


def mutable(method: str, name: str, old: Any, new: Any, *, masked: bool = True, api: Any = None) -> list[Row]:
    """A field that is patched as a whole: changed, newly given, taken away."""
    body = {name: new if api is None else api}
    sent = (Sent(method, name if masked else None, body, guarded=True),)
    return [
        Row(field=name, change="changed", step="update", old={name: old}, new={name: new}, wire=sent),
        Row(field=name, change="given", step="update", old={name: None}, new={name: new}, wire=sent),
        Row(field=name, change="taken away", step="same", old={name: old}, new={name: None}),
    ]


def labels(method: str, added: Mapping[str, str] | None = None) -> list[Row]:
    """Labels of an API that takes all of them at once: a patch holds those that others set too.

    Args:
        method: that patches them.
        added: labels that the resource adds.
    """
    edits = {
        "another value": {"team": "b", "stage": "x"},
        "one more": {"team": "a", "stage": "x", "cost": "y"},
        "one less": {"team": "a"},
        "none left": {},
    }
    changed = [
        Row(
            field="labels",
            change="changed",
            note=note,
            step="update",
            new={"labels": new},
            wire=(Sent(method, "labels", {"labels": {**(added or {}), **new}}, guarded=True),),
            outside="left alone" if note == "one more" else None,
        )
        for note, new in edits.items()
    ]
    spelled = Row(field="labels", change="spelled", step="same", new={"labels": {"stage": "x", "team": "a"}})
    new = {"cost": "y"}
    return [*mutable(method, "labels", {"team": "a"}, new, api={**(added or {}), **new}), *changed, spelled]


def fixed(name: str, old: Any, new: Any, *, api: Any = None, **more: Any) -> list[Row]:
    """A field that the API takes at `create` only: changed, newly given, taken away."""
    base, given = more.pop("base", {}), more.pop("given", {})
    gone = {**more, "outside": "left alone"} if old is False else more  # the API does not say what is false
    facts = {"body": {**more.pop("body", {}), name: new if api is None else api}, **more}
    return [
        Row(field=name, change="changed", step="refused", old={**base, name: old}, new={name: new}, **facts),
        Row(
            field=name, change="given", step="refused", old={**base, name: None}, new={name: new}, **{**facts, **given}
        ),
        Row(
            field=name, change="taken away", step="same", old={**base, name: old}, new={name: None}, **{**more, **gone}
        ),
    ]


def local(name: str, old: Any, new: Any, *, lasting: bool = False) -> list[Row]:
    """An input that says how to act: changed, newly given, taken away. Nothing is sent.

    By a lasting one `delete` acts, which knows the state only: taken away, it must leave the state.
    """
    step: Literal["same", "update"] = "update" if lasting else "same"
    return [
        Row(field=name, change="changed", step="update", old={name: old}, new={name: new}),
        Row(field=name, change="given", step="update", old={name: None}, new={name: new}),
        Row(field=name, change="taken away", step=step, old={name: old}, new={name: None}),
    ]


def quiet(name: str, old: Any, new: Any) -> list[Row]:
    """An input that is stored with other changes: alone, it is no change."""
    return [
        Row(field=name, change="changed", step="same", old={name: old}, new={name: new}),
        Row(field=name, change="given", step="same", old={name: None}, new={name: new}),
        Row(field=name, change="taken away", step="same", old={name: old}, new={name: None}),
    ]


def timeouts() -> list[Row]:
    """`timeouts` and its leaves: nothing is sent."""
    name, seconds = "timeouts", {"create": 60, "update": 61, "delete": 62}
    leaves = [
        Row(field=f"{name}.{verb}", change="changed", step="update", old={name: seconds}, new={name: edited})
        for verb in seconds
        for edited in [{**seconds, verb: 90}]
    ]
    spelled = Row(field=name, change="spelled", step="same", old={name: {"create": 60}}, new={name: {"create": 60.0}})
    return [*local(name, {"create": 60}, {"create": 90.5}, lasting=True), *leaves, spelled]


def secrets(path: str) -> list[Row]:
    """Which inputs are secret. Where that changes, the engine shall mark the outputs anew: an update, nothing sent."""
    return local("secrets", [path], [path, path], lasting=True)


def edited(values: Mapping[str, Any], edit: Mapping[str, Any]) -> State:
    """The values with an edit, in which None removes."""
    return {name: value for name, value in {**values, **edit}.items() if value is not None}


def fill(value: Any, names: Mapping[str, Any]) -> Any:
    """A value with what its `<...>` stand for."""
    if isinstance(value, Mapping):
        return {key: fill(item, names) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [fill(item, names) for item in value]
    if not isinstance(value, str):
        return value
    if value in names:
        return names[value]
    for name, text in names.items():
        value = value.replace(name, text) if isinstance(text, str) else value
    return value


def leaves(schema: Schema) -> list[str]:
    """Every path that a program may write under a schema; items of lists and the user's own keys are no part of it."""
    inputs = schema.names("path", "fixed", "mutable", "local")
    return [path for name in inputs for path in _below(schema.types[name], name)]


def numbers(schema: Schema) -> list[str]:
    """The inputs that are, or hold, numbers."""
    inputs = schema.names("path", "fixed", "mutable", "local")
    return [name for name in inputs if _has_number(schema.types[name])]


def _below(kind: Any, path: str) -> Iterator[str]:
    kind = plain_type(kind)
    if get_origin(kind) is list:
        yield from _below(get_args(kind)[0], path)
    elif is_typeddict(kind):
        for key, inner in members(kind).items():
            yield from _below(inner, join(path, key))
    else:
        yield path


def _has_number(kind: Any) -> bool:
    kind = plain_type(kind)
    if is_typeddict(kind):
        return any(map(_has_number, members(kind).values()))
    if get_origin(kind) in (list, dict):
        return _has_number(get_args(kind)[-1])
    return kind in (int, float) or INT64 in getattr(kind, "__metadata__", ())
