"""JSON bodies, checked against the discovery document's schemas and put into one form.

Most APIs read JSON as protocol buffers do (`proto_json`): camelCase and snake_case names, numbers as strings, `null` as
not given. Older ones take the document's names only, and keep `null`: in a patch it clears the field. They ignore an
unknown name whose value is null: Cloud Storage's Python client sends one with each retention of an object.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any

import orjson

from emulator.core import rfc3339
from emulator.core.google_names import camel, snake
from emulator.rest.discovery import Method
from emulator.rest.error_body import Violation, bad_request, violation
from gcp import errors

_MOST_VIOLATIONS = 100
"""How many errors of one body are reported."""

_BITS = {"int32": 31, "int64": 63, "uint64": 64}
_FORMS = {"date-time": (rfc3339.is_time, "a time of RFC 3339"), "date": (rfc3339.is_date, "a date, YYYY-MM-DD")}


def parse(method: Method, content: bytes) -> dict[str, Any]:
    """The body of a call; `{}` where none was sent.

    Numbers come out as the document says (`int64` as a string); names as the document writes them.

    Raises:
        InvalidArgument: not JSON, an unknown name, a wrong type or an unknown enum value; the first 100 at once.
    """
    if not content.strip():
        return {}
    try:
        body = orjson.loads(content)
    except orjson.JSONDecodeError as exc:
        raise errors.InvalidArgument(f"Invalid JSON payload received. {exc}") from exc
    name = method.request
    assert name is not None  # the server parses a body only where the document names its schema
    check = _Check(method)
    value = check.value({"$ref": name}, body, _root(name))
    if check.violations:
        text = "\n".join(found["description"] for found in check.violations)
        raise errors.InvalidArgument(text, bad_request(check.violations))
    parsed: dict[str, Any] = value
    return parsed


def _root(schema: str) -> str:
    """What the messages call the body: `version` for `GoogleCloudMlV1__Version`, nothing for a request message."""
    name = schema.rpartition("__")[2]
    return "" if name.endswith("Request") else snake(name[0].lower() + name[1:])


class _Check:
    """One walk through one body."""

    def __init__(self, method: Method) -> None:
        self._schemas = method.schemas
        self._proto = method.proto_json
        # Of a request message, some generated clients send the fields that are in the address, too.
        in_address = (name for name, spec in method.parameters.items() if spec.get("location") == "path")
        self._in_address = frozenset(in_address if self._proto and str(method.request).endswith("Request") else ())
        self.violations: list[Violation] = []

    def value(self, spec: Mapping[str, Any], value: Any, path: str) -> Any:
        spec = self._schemas[spec["$ref"]] if "$ref" in spec else spec
        kind = spec.get("type", "object")
        if kind == "any" or (value is None and not self._proto):
            return value
        if kind == "object":
            return self._object(spec, value, path)
        if kind == "array":
            if not isinstance(value, list):
                return self._wrong(path, "a list", value)
            return [self.value(spec["items"], item, f"{path}[{index}]") for index, item in enumerate(value)]
        return self._scalar(spec, kind, value, path)

    def _object(self, spec: Mapping[str, Any], value: Any, path: str) -> Any:
        if not isinstance(value, dict):
            return self._wrong(path, "an object", value)
        known, free = spec.get("properties", {}), spec.get("additionalProperties")
        found = {}
        for key, item in value.items():
            name = camel(key) if self._proto and key not in known and not free else key
            if item is None and (self._proto or not (name in known or free)):
                continue
            if name in known:
                found[name] = self.value(known[name], item, self._join(path, name))
            elif not path and name in self._in_address:
                continue
            elif free is not None:
                found[key] = self.value(free, item, f"{path}[{key}]")
            else:
                where = f" at '{path}'" if path else ""
                self._violation(path, f'Invalid JSON payload received. Unknown name "{key}"{where}: Cannot find field.')
        return found

    def _join(self, path: str, name: str) -> str:
        name = snake(name) if self._proto else name
        return f"{path}.{name}" if path else name

    def _scalar(self, spec: Mapping[str, Any], kind: str, value: Any, path: str) -> Any:
        form = spec.get("format", "")
        if kind == "boolean":
            return value if isinstance(value, bool) else self._wrong(path, "TYPE_BOOL", value)
        if form in _BITS:
            return self._integer(form, kind, value, path)
        if kind in ("integer", "number"):
            number = _number(value)
            return self._wrong(path, "TYPE_DOUBLE", value) if number is None else number
        if "enum" in spec and self._proto and type(value) is int and 0 <= value < len(spec["enum"]):
            return spec["enum"][value]  # generated clients send numbers: where documents list all of them, these
        if not isinstance(value, str):
            return self._wrong(path, "TYPE_ENUM" if "enum" in spec else "TYPE_STRING", value)
        if "enum" in spec and value not in spec["enum"]:
            return self._wrong(path, "TYPE_ENUM", value)
        if form == "byte" and not _is_base64(value):
            return self._wrong(path, "TYPE_BYTES", value)
        if form in _FORMS and not _FORMS[form][0](value):
            return self._wrong(path, _FORMS[form][1], value)
        return value

    def _integer(self, form: str, kind: str, value: Any, path: str) -> Any:
        number = _number(value)
        low = 0 if form.startswith("u") else -(2 ** _BITS[form])
        if number is None or number != int(number) or not low <= number < 2 ** _BITS[form]:
            return self._wrong(path, f"TYPE_{form.upper()}", value)
        return str(int(number)) if kind == "string" else int(number)

    def _wrong(self, path: str, wanted: str, value: Any) -> None:
        shown = orjson.dumps(value).decode()
        self._violation(path, f"Invalid value at '{path}' ({wanted}), {shown[:200]}")

    def _violation(self, path: str, description: str) -> None:
        if len(self.violations) < _MOST_VIOLATIONS:
            self.violations.append(violation(path, description))


def _number(value: Any) -> float | int | None:
    """A number, or a string that holds one; None for anything else, infinities among it."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,20}", value):
        return int(value)
    try:
        number = float(value)
    except ValueError:
        return None
    return number if abs(number) < float("inf") else None


def _is_base64(value: str) -> bool:
    try:
        base64.b64decode(value.replace("-", "+").replace("_", "/") + "=" * (-len(value) % 4), validate=True)
    except (binascii.Error, ValueError):
        return False
    return True
