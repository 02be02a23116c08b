"""emulator/vertex/documents/: the emulated part of discovery documents that are too large to be read at each start."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from emulator.rest import discovery
from emulator.vertex import methods

Json = Mapping[str, Any]

_KEPT = ("basePath", "baseUrl", "id", "name", "parameters", "revision", "rootUrl", "servicePath", "title", "version")
_NUMBERS = {"acceleratorType": (*range(6), 8, 9, 11, *range(13, 19), 6, 7, 10, 12)}
"""Field of an enum that documents do not list by number -> its values' numbers, which generated clients send."""
_PROSE = ("description", "enumDescriptions", "enumDeprecated", "flatPath", "parameterOrder", "scopes", "annotations")


def text(version: str) -> str:
    """The document of a version, of the bundled one, with the emulated methods and the schemas that they refer to."""
    whole = discovery.document(f"{methods.API}.{version}")
    resources = {name: found for name, each in whole["resources"].items() if (found := _emulated(each))}
    schemas: dict[str, Any] = {}
    _collect(whole["schemas"], resources, schemas)
    kept = {name: whole[name] for name in _KEPT if name in whole}
    document: dict[str, Any] = {**kept, "resources": resources, "schemas": dict(sorted(schemas.items()))}
    document = _without_prose(document)
    _renumber(document["schemas"])
    return json.dumps(document, indent=1) + "\n"


def _renumber(schemas: Mapping[str, Any]) -> None:
    """Lists the values of enums by their numbers. Raises `ValueError` for one that has other values than before."""
    for schema in schemas.values():
        for name, numbers in _NUMBERS.items():
            if name in schema.get("properties", {}):
                values = schema["properties"][name]["enum"]
                ordered = dict(sorted(zip(numbers, values, strict=True)))
                schema["properties"][name]["enum"] = list(ordered.values())


def _emulated(resource: Json) -> dict[str, Any]:
    """A collection with its emulated methods and collections; empty if it has none."""
    own = {name: method for name, method in resource.get("methods", {}).items() if method["id"] in methods.EMULATED}
    below = {name: found for name, each in resource.get("resources", {}).items() if (found := _emulated(each))}
    return {**({"methods": own} if own else {}), **({"resources": below} if below else {})}


def _collect(schemas: Json, value: Any, found: dict[str, Any]) -> None:
    """Adds the schemas that a value refers to, and those that they refer to."""
    for name in set(_references(value)) - found.keys():
        found[name] = schemas[name]
        _collect(schemas, schemas[name], found)


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for item in value.values():
            yield from _references(item)


def _without_prose(value: Any, names: Collection[str] = _PROSE) -> Any:
    """A document without texts for people. Below `properties` and `schemas` the keys are names of fields."""
    if not isinstance(value, dict):
        return value
    return {
        key: {name: _without_prose(each) for name, each in item.items()}
        if key in ("properties", "schemas", "parameters", "methods", "resources") and isinstance(item, dict)
        else _without_prose(item)
        for key, item in value.items()
        if key not in names
    }
