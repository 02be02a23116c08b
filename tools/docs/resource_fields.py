"""docs/reference/fields.md: every field of every resource, from the schemas."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator
from typing import Any, Literal, get_args, get_origin

from typing_extensions import get_type_hints, is_typeddict

from resources import ml, stack, storage, vertex
from resources.engine.resource import Resource
from resources.schema import secrets
from resources.schema import types as plain_values
from resources.schema.fields import Field, Schema
from tools.docs.markdown import code, table

RESOURCES: dict[str, type[Resource]] = {
    "storage.Bucket": storage.Bucket,
    "storage.SavedModel": storage.SavedModel,
    "ml.Model": ml.Model,
    "ml.Version": ml.Version,
    "ml.DefaultVersion": ml.DefaultVersion,
    "ml.TrafficSplit": ml.TrafficSplit,
    "ml.BatchPredictionJob": ml.BatchPredictionJob,
    "vertex.Endpoint": vertex.Endpoint,
    "vertex.ModelVersion": vertex.ModelVersion,
    "vertex.DeployedModel": vertex.DeployedModel,
    "vertex.TrafficSplit": vertex.TrafficSplit,
    "vertex.Model": vertex.Model,
    "vertex.DeploymentResourcePool": vertex.DeploymentResourcePool,
    "vertex.ModelMonitoringJob": vertex.ModelMonitoringJob,
    "vertex.BatchPredictionJob": vertex.BatchPredictionJob,
    "stack.Identity": stack.Identity,
}
_HEAD = """\
# Fields

<!-- Written by `make docs` from resources/*/schema.py; do not edit. -->

Programs use the Python name, stack files the API's name. A field that is not given is not managed: values set elsewhere
stay. What a change does:

- **another resource**: the field identifies the resource; the old one is deleted and a new one created.
- **refused**: the API accepts the field only at creation. `pulumi preview` fails and says what to write instead.
  If the resource has `allowDowntime`, `allowDowntime: true` deletes it and creates it again.
- **patched**: one call with exactly the leaves that changed.
- **nothing is sent**: not a field of the API; it controls what `pulumi up` does.
"""


def page() -> str:
    """The content of the file."""
    sections = [_HEAD, *(_resource(name, kind) for name, kind in RESOURCES.items()), "## Types\n", _nested()]
    return "\n".join(sections)


def _resource(name: str, kind: type[Resource]) -> str:
    schema = kind.provider.schema
    called = inspect.getdoc(kind.provider) or ""
    parts = [f"## {name}\n", f"{inspect.getdoc(kind)} {f'API: {called}' if called.startswith('`') else called}\n"]
    inputs = list(_inputs(schema))
    if inputs:
        parts.append(table(("Python", "Stack file, API", "Type", "Default", "A change", "Meaning"), inputs))
    outputs = [
        (code(python), code(api), type_text(schema.types[api]), schema.fields[api].doc)
        for python, api in _names(schema.outputs)
    ]
    if outputs:
        parts += ["Outputs besides the inputs:\n", table(("Python", "API", "Type", "Meaning"), outputs)]
    if schema.left_out:
        reasons = dict.fromkeys(schema.left_out.values())
        rows = [(_joined(name for name, why in schema.left_out.items() if why == reason), reason) for reason in reasons]
        parts += ["Fields of the API that are left out:\n", table(("API", "Why"), rows)]
    return "\n".join(parts)


def _inputs(schema: Schema) -> Iterator[tuple[str, ...]]:
    needed = plain_values.required(schema.inputs)
    for python, api in _names(schema.inputs):
        known = schema.fields[api]
        default = "required" if api in needed else known.default
        free = secrets.free_paths(schema, api)
        doc = f"{known.doc} May be secret: {_joined(free)}." if free else known.doc
        yield code(python), code(api), type_text(schema.types[api]), default, _change(schema, api, known), doc


def _change(schema: Schema, name: str, known: Field) -> str:
    plain = {"path": "another resource", "fixed": "refused", "local": "nothing is sent"}
    if known.kind in plain:
        return plain[known.kind]
    parts = [f"patched: {_joined(known.leaves)}" if known.leaves else "patched"]
    if not known.create:
        parts.append("in a separate call after creation")
    if known.leaves:
        others = [key for key in plain_values.members(schema.types[name]) if key not in known.leaves]
        parts += [f"{_joined(others)}: refused"] if others else []
    partners = [other for other, facts in schema.fields.items() if facts.excludes == name]
    for other in filter(None, [known.excludes, *partners]):
        parts.append(f"instead of {code(other)}: refused")
    return "; ".join(parts)


def _nested() -> str:
    found: dict[str, Any] = {}
    for kind in RESOURCES.values():
        for inner in kind.provider.schema.types.values():
            found |= {item.__name__: item for item in _typed_dicts(inner)}
    return "\n".join(_type_section(found[name]) for name in sorted(found))


def _type_section(kind: Any) -> str:
    needed, types = plain_values.required(kind), plain_values.members(kind)
    rows = [
        (code(python), code(api), type_text(types[api]), "required" if api in needed else "")
        for python, api in _names(kind)
    ]
    return f"### {kind.__name__}\n\n{inspect.getdoc(kind)}\n\n{table(('Python', 'Stack file, API', 'Type', ''), rows)}"


def _typed_dicts(kind: Any) -> Iterator[Any]:
    kind = plain_values.plain_type(kind)
    if is_typeddict(kind):
        yield kind
        for inner in plain_values.members(kind).values():
            yield from _typed_dicts(inner)
    for inner in get_args(kind):
        yield from _typed_dicts(inner)


def _names(kind: type) -> list[tuple[str, str]]:
    """Python and API name of each key of a `TypedDict`."""
    return [(name, plain_values.api_name(name)) for name in get_type_hints(kind)]


def type_text(kind: Any) -> str:
    """The text of a type in the tables."""
    kind = plain_values.plain_type(kind)
    if kind is Any:
        return "any"
    if kind is plain_values.Int64:
        return "int"
    if is_typeddict(kind):
        return f"[{kind.__name__}](#{kind.__name__.lower()})"
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Literal:
        return ", ".join(code(value) for value in arguments)
    if origin is list:
        return f"list of {type_text(arguments[0])}"
    if origin is dict:
        return f"{type_text(arguments[0])} -> {type_text(arguments[1])}"
    return str(kind.__name__)


def _joined(names: Iterable[str]) -> str:
    return ", ".join(map(code, names))
