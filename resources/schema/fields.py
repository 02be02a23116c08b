"""What a change of a field does, said once per field. Body, patch mask, diff and validation are computed from it.

A resource's inputs and outputs are two `TypedDict`s. Each of their lines is the whole truth of a field: name, type, and
one of `path`, `fixed`, `mutable`, `local`, `output`. Pure; knows neither Pulumi nor HTTP.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from resources.schema import labels
from resources.schema import types as _values
from resources.schema.types import Failure, api_name, join

Kind = Literal["path", "fixed", "mutable", "local", "output"]
INPUTS: tuple[Kind, ...] = ("path", "fixed", "mutable", "local")
"""What a program says, in the order of what a change does."""


@dataclass(frozen=True, kw_only=True)
class Field:
    """What is known of a field beside its name and type.

    Attributes:
        kind: what a change of it does.
        doc: what it means, in its unit.
        default: what holds where it is not given, in words; empty where there is nothing to say.
        leaves: of a `mutable` object, the keys that the API patches; empty means the whole value.
        excludes: the field that must not be given together with this one.
        lasting: of a `local` input, whether removing it is a change: the state must not keep it.
        quiet: of a `local` input, whether it never causes an update; stored when something else does.
        create: False where the API ignores the field in `create`, so that it is patched right after.
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
        """The key of the stack's configuration that it comes from where it is not given, `gcp:project`; or empty."""
        return self.default.strip("`") if self.default.startswith("`gcp:") else ""


def path(doc: str, *, default: str = "") -> Field:
    """A field that says *which* resource this is. A change is another resource."""
    return Field(kind="path", doc=doc, default=default)


def fixed(doc: str, *, default: str = "", excludes: str = "") -> Field:
    """A field that the API takes at `create` and never again."""
    return Field(kind="fixed", doc=doc, default=default, excludes=excludes)


def mutable(doc: str, *leaves: str, default: str = "", excludes: str = "", create: bool = True) -> Field:
    """A field that the API patches: as a whole, or only the named leaves of it (the rest of it is fixed)."""
    return Field(kind="mutable", doc=doc, default=default, leaves=leaves, excludes=excludes, create=create)


def local(doc: str, *, default: str = "", lasting: bool = False, quiet: bool = False) -> Field:
    """An input that is no field of the API: it says how to act. A change sends nothing."""
    return Field(kind="local", doc=doc, default=default, lasting=lasting, quiet=quiet)


def output(doc: str) -> Field:
    """A field that only the API sets."""
    return Field(kind="output", doc=doc)


@dataclass(frozen=True, kw_only=True)
class Changes:
    """What is different, as sorted paths of API names. Empty where nothing is.

    Attributes:
        path: another resource is meant.
        fixed: cannot be changed in place.
        patch: the update mask.
        local: nothing to send.
        unknown: cannot be changed in place, and may be what the API has: it is to be compared.
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
        inputs: `TypedDict` of what a program may say.
        outputs: `TypedDict` of what comes back beside the inputs.
        left_out: API field -> why it is neither.
        rules: what values may be beyond their types: inputs under the API's names, and the path that they stand at.
        added_labels: keys of the labels that the resource adds to those that a program gives.
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
        """API name -> its facts, inputs first."""
        return {name: _marker(hint) for name, hint in self.hints.items()}

    @cached_property
    def hints(self) -> dict[str, Any]:
        """API name -> annotation, with its markers."""
        hints = {**_values.hints(self.inputs), **_values.hints(self.outputs)}
        return {api_name(name): hint for name, hint in hints.items()}

    @cached_property
    def types(self) -> dict[str, Any]:
        """API name -> type."""
        return {**_values.members(self.inputs), **_values.members(self.outputs)}

    def names(self, *kinds: Kind) -> list[str]:
        """API names of the fields of these kinds, in the order of declaration."""
        return [name for name, known in self.fields.items() if known.kind in kinds]

    def failures(self, values: Mapping[str, Any], where: str = "") -> Iterator[Failure]:
        """Everything wrong with inputs under the API's names that can be known without the network."""
        yield from _values.failures(values, self.inputs, where)
        for name, known in self.fields.items():
            if known.excludes and name in values and known.excludes in values:
                yield join(where, name), f"excludes {known.excludes}: give one of them"
        if isinstance(values, Mapping):
            yield from self.rules(values, where)

    def program_failures(self, values: Mapping[str, Any], where: str = "") -> Iterator[Failure]:
        """`failures`, and what only a program may not say: labels in the place of those that the resource adds."""
        reserved = list(labels.reserved_failures(values, self.added_labels, where))
        paths = {path for path, _ in reserved}
        yield from (failure for failure in self.failures(values, where) if failure[0] not in paths)
        yield from reserved

    def body(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """The JSON body of `create`: every given field that the API takes there."""
        fields = self.fields.items()
        sent = [name for name, known in fields if known.kind in ("fixed", "mutable") and known.create]
        return {name: _values.to_api(inputs[name], self.types[name]) for name in sent if _given(inputs, name)}

    def after_create(self, inputs: Mapping[str, Any]) -> list[str]:
        """The given fields that `create` ignores, as a patch mask."""
        return [name for name, known in self.fields.items() if not known.create and _given(inputs, name)]

    def pick(self, values: Mapping[str, Any], mask: list[str]) -> dict[str, Any]:
        """The JSON body of a patch: exactly the leaves of the mask, as the API writes them."""
        body: dict[str, Any] = {}
        for leaf in mask:
            name, _, key = leaf.partition(".")
            whole = _values.to_api(values[name], self.types[name])
            if key:
                body.setdefault(name, {})[key] = whole[key]
            else:
                body[name] = whole
        return body

    def changes(self, olds: Mapping[str, Any], news: Mapping[str, Any]) -> Changes:
        """What differs between the inputs, or outputs, that were and the inputs that are wanted.

        An input that is not given is not managed, so its absence is no change.
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
                said = known.kind == "fixed" and not _given(olds, name) and _values.is_empty(news[name])
                found["local" if said else known.kind].append(name)  # what is empty anyway may be written down
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
        """What of the inputs cannot be changed in place: fixed fields, fixed leaves, which partner is given."""
        found = {name: inputs[name] for name in self.names("fixed") if _given(inputs, name)}
        for name, known in self._mutables():
            if _given(inputs, name) and (known.leaves or self._partners(name)):
                found[name] = {key: item for key, item in inputs[name].items() if key not in known.leaves} or "given"
        return found

    def mutable_leaves(self) -> list[str]:
        """Every path that a patch mask may hold."""
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
        """The inputs among a state's values."""
        return {name: state[name] for name in self.names(*INPUTS) if _given(state, name)}

    def observed(self, inputs: Mapping[str, Any], answer: Mapping[str, Any]) -> dict[str, Any]:
        """The state after a call: the inputs with what the API says of them, and the outputs.

        Of a field that is an input, only what the program manages is kept (its own labels, the leaves that it gave);
        of a fixed one that is another, all of it.
        """
        state = dict(inputs)
        for name in (name for name in self.names("fixed", "mutable") if _given(inputs, name)):
            if name in answer:
                live = _values.from_api(answer[name], self.types[name])
                managed = _values.project(live, inputs[name])
                another = self.fields[name].kind == "fixed" and managed != inputs[name]
                state[name] = live if another else managed
            elif not _values.is_empty(inputs[name]):
                del state[name]  # emptied outside: the API leaves out what is empty
                state.update({other: answer[other] for other in self._partners(name) if other in answer})
        for name in self.names("output"):
            if name in answer:
                state[name] = _values.from_api(answer[name], self.types[name])
        return state


def _marker(annotation: Any) -> Field:
    """The `Field` within an annotation."""
    found: Field = _values.markers(annotation)[-1]
    return found


def _given(values: Mapping[str, Any], name: str) -> bool:
    return values.get(name) is not None
