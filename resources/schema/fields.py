"""What a change of a field does, declared once per field. Body, patch mask, diff and validation are derived from it.

A resource's inputs and outputs are two `TypedDict`s. Each line declares everything about a field: name, type, and one
of `path`, `fixed`, `mutable`, `local`, `output`. Pure; knows neither Pulumi nor HTTP.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from resources.schema import labels
from resources.schema import types as plain_values
from resources.schema.types import Failure, api_name, join

Kind = Literal["path", "fixed", "mutable", "local", "output"]
INPUTS: tuple[Kind, ...] = ("path", "fixed", "mutable", "local")
"""Kinds of inputs, in the order of what a change does."""


@dataclass(frozen=True, kw_only=True)
class Field:
    """What is known about a field besides its name and type.

    Attributes:
        kind: what a change of it does.
        doc: what it means, with its unit.
        default: its default, in words; empty if there is nothing to say.
        leaves: for a `mutable` object, the keys that the API patches; empty means the whole value.
        excludes: the field that must not be given together with this one.
        lasting: for a `local` input, whether removing it is a change, so that it is also removed from the state.
        quiet: for a `local` input, whether it never causes an update by itself; it is stored with the next one.
        create: False if the API ignores the field in `create`; then it is patched right after.
    """

    kind: Kind
    doc: str
    default: str = ""
    leaves: tuple[str, ...] = ()
    excludes: str = ""
    lasting: bool = False
    quiet: bool = False
    create: bool = True

    @property
    def config_key(self) -> str:
        """The key of the stack's configuration that is its default, such as `gcp:project`; or empty."""
        return self.default.strip("`") if self.default.startswith("`gcp:") else ""


def path(doc: str, *, default: str = "") -> Field:
    """A field that identifies the resource. A change means another resource."""
    return Field(kind="path", doc=doc, default=default)


def fixed(doc: str, *, default: str = "", excludes: str = "") -> Field:
    """A field that can only be set at `create`."""
    return Field(kind="fixed", doc=doc, default=default, excludes=excludes)


def mutable(doc: str, *leaves: str, default: str = "", excludes: str = "", create: bool = True) -> Field:
    """A field that the API patches: as a whole, or only the named leaves, while the rest is fixed."""
    return Field(kind="mutable", doc=doc, default=default, leaves=leaves, excludes=excludes, create=create)


def local(doc: str, *, default: str = "", lasting: bool = False, quiet: bool = False) -> Field:
    """An input that is not a field of the API but controls the provider. A change sends nothing."""
    return Field(kind="local", doc=doc, default=default, lasting=lasting, quiet=quiet)


def output(doc: str) -> Field:
    """A field that only the API sets."""
    return Field(kind="output", doc=doc)


@dataclass(frozen=True, kw_only=True)
class Changes:
    """The fields that differ, as sorted paths of API names; each may be empty.

    Attributes:
        path: fields that identify another resource.
        fixed: fields that cannot be changed in place.
        patch: the update mask.
        local: fields that are not sent.
        unknown: fixed fields that are not in the state, so they must be compared with the API's values.
    """

    path: list[str] = field(default_factory=list)
    fixed: list[str] = field(default_factory=list)
    patch: list[str] = field(default_factory=list)
    local: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.path or self.fixed or self.patch or self.local or self.unknown)


@dataclass(frozen=True)
class Schema:
    """The fields of one kind of resource.

    Attributes:
        noun: the resource's kind in messages: "version".
        discovery: the name of its schema in the discovery document; empty for a resource of our own.
        inputs: `TypedDict` of a program's arguments.
        outputs: `TypedDict` of what the API adds to the inputs.
        left_out: API field -> why it is neither input nor output.
        rules: checks values beyond their types; takes inputs under the API's names, and their path.
        added_labels: keys of the labels that the resource adds to the program's.
    """

    noun: str
    discovery: str
    inputs: type
    outputs: type
    left_out: Mapping[str, str] = field(default_factory=dict)
    rules: Callable[[Mapping[str, Any], str], Iterable[Failure]] = lambda _values, _where: ()
    added_labels: tuple[str, ...] = (labels.LABEL,)

    @cached_property
    def fields(self) -> dict[str, Field]:
        """API name -> `Field`, inputs first."""
        return {name: _marker(hint) for name, hint in self.hints.items()}

    @cached_property
    def hints(self) -> dict[str, Any]:
        """API name -> annotation, with its markers."""
        hints = {**plain_values.hints(self.inputs), **plain_values.hints(self.outputs)}
        return {api_name(name): hint for name, hint in hints.items()}

    @cached_property
    def types(self) -> dict[str, Any]:
        """API name -> type."""
        return {**plain_values.members(self.inputs), **plain_values.members(self.outputs)}

    def names(self, *kinds: Kind) -> list[str]:
        """API names of the fields of these kinds, in the order of declaration."""
        return [name for name, known in self.fields.items() if known.kind in kinds]

    def failures(self, values: Mapping[str, Any], where: str = "") -> Iterator[Failure]:
        """Everything wrong with inputs under the API's names that can be known without the network."""
        yield from plain_values.failures(values, self.inputs, where)
        for name, known in self.fields.items():
            if known.excludes and name in values and known.excludes in values:
                yield join(where, name), f"excludes {known.excludes}: give one of them"
        if isinstance(values, Mapping):
            yield from self.rules(values, where)

    def program_failures(self, values: Mapping[str, Any], where: str = "") -> Iterator[Failure]:
        """`failures`, and those that only concern programs: labels that collide with those that the resource adds."""
        reserved = list(labels.reserved_failures(values, self.added_labels, where))
        paths = {path for path, _ in reserved}
        yield from (failure for failure in self.failures(values, where) if failure[0] not in paths)
        yield from reserved

    def body(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """The JSON body of `create`: every given field that `create` accepts."""
        fields = self.fields.items()
        sent = [name for name, known in fields if known.kind in ("fixed", "mutable") and known.create]
        return {name: plain_values.to_api(inputs[name], self.types[name]) for name in sent if _given(inputs, name)}

    def after_create(self, inputs: Mapping[str, Any]) -> list[str]:
        """The given fields that `create` ignores, as a patch mask."""
        return [name for name, known in self.fields.items() if not known.create and _given(inputs, name)]

    def pick(self, values: Mapping[str, Any], mask: list[str]) -> dict[str, Any]:
        """The JSON body of a patch: exactly the leaves of the mask, as the API writes them."""
        body: dict[str, Any] = {}
        for leaf in mask:
            name, _, key = leaf.partition(".")
            whole = plain_values.to_api(values[name], self.types[name])
            if key:
                body.setdefault(name, {})[key] = whole[key]
            else:
                body[name] = whole
        return body

    def changes(self, olds: Mapping[str, Any], news: Mapping[str, Any]) -> Changes:
        """What differs between the old inputs or outputs and the wanted inputs.

        An input that is not given is not managed, so leaving one out is not a change.
        """
        found: dict[str, list[str]] = {"path": [], "fixed": [], "patch": [], "local": []}
        for name, known in self.fields.items():
            if known.kind == "output" or known.quiet:
                continue
            if not _given(news, name):
                if known.lasting and _given(olds, name):
                    found["local"].append(name)
                continue
            if known.kind == "mutable":
                for leaf, kind in self._mutable_changes(name, olds, news):
                    found[kind].append(leaf)
            elif olds.get(name) != news[name]:
                said = known.kind == "fixed" and not _given(olds, name) and plain_values.is_empty(news[name])
                found["local" if said else known.kind].append(name)  # an explicit empty value is not a change
        return Changes(**{kind: sorted(names) for kind, names in found.items()})

    def _mutable_changes(
        self, name: str, olds: Mapping[str, Any], news: Mapping[str, Any]
    ) -> Iterator[tuple[str, str]]:
        old, new, known = olds.get(name), news[name], self.fields[name]
        if old == new:
            return
        if self._excluded(name, olds) or (known.excludes and old is None):
            yield name, "fixed"
        elif not known.leaves:
            yield name, "patch"
        else:
            for key, item in new.items():
                if (old or {}).get(key) != item:
                    yield join(name, key), "patch" if key in known.leaves else "fixed"

    def _excluded(self, name: str, olds: Mapping[str, Any]) -> bool:
        return any(_given(olds, other) for other in self._partners(name))

    def _partners(self, name: str) -> list[str]:
        """The fields that must not be given together with this one."""
        pairs = [(other, known.excludes) for other, known in self.fields.items() if known.excludes]
        return [one if name == other else other for one, other in pairs if name in (one, other)]

    def unchangeable(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """What cannot be changed in place: fixed fields, fixed leaves, and the choice between exclusive fields."""
        found = {name: inputs[name] for name in self.names("fixed") if _given(inputs, name)}
        for name, known in self._mutables():
            if _given(inputs, name) and (known.leaves or self._partners(name)):
                found[name] = {key: item for key, item in inputs[name].items() if key not in known.leaves} or "given"
        return found

    def mutable_leaves(self) -> list[str]:
        """Every path that a patch mask may contain."""
        leaves = ([join(name, leaf) for leaf in known.leaves] or [name] for name, known in self._mutables())
        return [path for paths in leaves for path in paths]

    def _mutables(self) -> list[tuple[str, Field]]:
        return [(name, known) for name, known in self.fields.items() if known.kind == "mutable"]

    def with_quiet(self, state: Mapping[str, Any], inputs: Mapping[str, Any]) -> dict[str, Any]:
        """The state's outputs, with the quiet inputs taken from `inputs`."""
        quiet = [name for name, known in self.fields.items() if known.quiet]
        kept = {name: item for name, item in state.items() if name not in quiet}
        return {**kept, **{name: inputs[name] for name in quiet if _given(inputs, name)}}

    def inputs_of(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """The inputs in a state."""
        return {name: state[name] for name in self.names(*INPUTS) if _given(state, name)}

    def observed(self, inputs: Mapping[str, Any], answer: Mapping[str, Any]) -> dict[str, Any]:
        """The state after a call: the inputs with the API's values, and the outputs.

        Of an input, only the part that the program manages is kept (its own labels, the given leaves); of a fixed
        field that differs, all of it.
        """
        state = dict(inputs)
        for name in (name for name in self.names("fixed", "mutable") if _given(inputs, name)):
            if name in answer:
                live = plain_values.from_api(answer[name], self.types[name])
                managed = plain_values.project(live, inputs[name])
                another = self.fields[name].kind == "fixed" and managed != inputs[name]
                state[name] = live if another else managed
            elif not plain_values.is_empty(inputs[name]):
                del state[name]  # emptied outside Pulumi: the API leaves out empty values
                state.update({other: answer[other] for other in self._partners(name) if other in answer})
        for name in self.names("output"):
            if name in answer:
                state[name] = plain_values.from_api(answer[name], self.types[name])
        return state


def _marker(annotation: Any) -> Field:
    """The `Field` in an annotation."""
    found: Field = plain_values.markers(annotation)[-1]
    return found


def _given(values: Mapping[str, Any], name: str) -> bool:
    return values.get(name) is not None
