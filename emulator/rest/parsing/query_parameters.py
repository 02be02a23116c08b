"""Query parameters, typed and checked as the discovery document says."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl

from emulator.core.google_names import camel
from emulator.rest.discovery import Method
from emulator.rest.error_body import bad_request, violation
from gcp import errors

_BOOLEANS = {"true": True, "false": False}
_ALT = ("json", "media")
_KEPT_BYTES = 64
_SYSTEM_ALT = "$alt"
"""How generated clients ask for JSON with numbers for enums; they read names, too."""
_CALLER = {"access_token", "oauth_token", "key", "quotaUser", "userIp"}
"""Who calls: nobody is asked, and nothing of it is kept."""


def parse(method: Method, query: str) -> dict[str, Any]:
    """The query parameters of a call under the document's names, with its defaults.

    Raises:
        InvalidArgument: a value that is not of its type, a missing required parameter, or an unknown name if the API
            reads JSON as protocol buffers do; other APIs ignore unknown names.
    """
    return dict(_kept(method, query) if len(query) <= _KEPT_BYTES else _parse(method, query))


@lru_cache(maxsize=1024)
def _kept(method: Method, query: str) -> dict[str, Any]:
    """Clients send the same few queries again and again: `alt=media`, `prettyPrint=false`."""
    return _parse(method, query)


def _parse(method: Method, query: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for raw_name, value in _pairs(query):
        if raw_name == _SYSTEM_ALT and method.proto_json:
            continue
        name = _known(method, raw_name)
        if name is None or name in _CALLER:
            continue
        typed = _typed(method, name, value)
        if method.parameters[name].get("repeated"):
            found.setdefault(name, []).append(typed)
        else:
            found[name] = typed
    for name in method.expected:
        if name in found:
            continue
        spec = method.parameters[name]
        if spec.get("required"):
            raise errors.InvalidArgument(f"Required parameter: {name}")
        found[name] = _typed(method, name, spec["default"])
    return found


def _pairs(query: str) -> list[tuple[str, str]]:
    if not query:
        return []
    try:
        return parse_qsl(query, keep_blank_values=True, errors="strict", max_num_fields=1000)
    except ValueError as exc:
        raise errors.InvalidArgument("The query string is not valid percent-encoded UTF-8.") from exc


def _known(method: Method, name: str) -> str | None:
    """The document's name of a parameter; with `proto_json` each has a snake_case name too. None to ignore it."""
    for candidate in (name, camel(name)):
        if method.parameters.get(candidate, {}).get("location") == "query":
            return candidate
    if not method.proto_json:
        return None
    text = (
        f'Invalid JSON payload received. Unknown name "{name}": Cannot bind query parameter. '
        f"Field '{name}' could not be found in request message."
    )
    raise errors.InvalidArgument(text, bad_request([violation("", text)]))


def _typed(method: Method, name: str, value: str) -> Any:
    spec = method.parameters[name]
    if name == "alt":
        if value not in _ALT:
            raise _wrong(name, value, f"this endpoint answers {' and '.join(_ALT)}")
        return value
    if spec["type"] == "boolean":
        if value.lower() not in _BOOLEANS:
            raise _wrong(name, value, "TYPE_BOOL")
        return _BOOLEANS[value.lower()]
    if spec["type"] == "integer" or spec.get("format") in ("int64", "uint64"):
        return _integer(spec, name, value)
    if "enum" in spec and value not in spec["enum"]:
        raise _wrong(name, value, f"one of {', '.join(spec['enum'])}")
    return value


def _integer(spec: Mapping[str, Any], name: str, value: str) -> int:
    if not re.fullmatch(r"-?[0-9]{1,20}", value):
        raise _wrong(name, value, f"TYPE_{spec.get('format', 'int64').upper()}")
    number = int(value)
    bits = 31 if spec.get("format") in ("int32", "uint32") else 63
    least, most = int(spec.get("minimum", -(2**bits))), int(spec.get("maximum", 2**bits - 1))
    if not least <= number <= most:
        raise _wrong(name, value, f"from {least} to {most}")
    return number


def _wrong(name: str, value: str, wanted: str) -> errors.InvalidArgument:
    text = f"Invalid value at '{name}' ({wanted}), \"{value}\""
    return errors.InvalidArgument(text, bad_request([violation(name, text)]))
