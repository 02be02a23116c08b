"""The methods of an API, as its discovery document describes them. google-api-python-client bundles most documents.

They are read as plain JSON: importing `googleapiclient.discovery` takes longer than the whole start.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from emulator.core.google_names import snake

Json = Mapping[str, Any]

# Not in the documents: sent by clients that take part in the upload protocols.
_UPLOAD_PARAMETERS: Json = {"upload_id": {"type": "string", "location": "query"}}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Method:
    """One method of an API.

    Attributes:
        id: `ml.projects.models.get`.
        api: name of the API.
        proto_json: whether the API reads JSON and query parameters as protocol buffers do, see `json_body`.
        verb: HTTP verb.
        path: path template below the host, `v1/{+name}`.
        parameters: name -> its description, those of the whole API included.
        expected: query parameters that are required or have a default.
        request: name of the body's schema, or None.
        response: name of the answer's schema, or None.
        uploads: path templates that take media.
        media: whether `alt=media` answers the object's bytes.
        schemas: the API's schemas by name.
    """

    id: str
    api: str
    proto_json: bool
    verb: str
    path: str
    parameters: Json
    expected: tuple[str, ...]
    request: str | None
    response: str | None
    uploads: tuple[str, ...]
    media: bool
    schemas: Json

    @property
    def handler(self) -> str:
        """Name of the coroutine function that answers: `projects_models_set_default`."""
        return snake(self.id.partition(".")[2].replace(".", "_"))


def methods(source: Json, *, proto_json: bool, only: Collection[str] | None = None) -> list[Method]:
    """The methods of a document.

    Args:
        source: the document.
        proto_json: see `Method`.
        only: ids of the methods to take; all by default.
    """
    return [_method(source, raw, proto_json=proto_json) for raw in _walk(source) if only is None or raw["id"] in only]


def document(name: str) -> dict[str, Any]:
    """A bundled discovery document, `ml.v1`. Raises `ModuleNotFoundError` without google-api-python-client."""
    spec = importlib.util.find_spec("googleapiclient")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("google-api-python-client is not installed: pip install -r requirements.txt")
    file = Path(spec.submodule_search_locations[0], "discovery_cache", "documents", f"{name}.json")
    found: dict[str, Any] = orjson.loads(file.read_bytes())
    return found


def _method(source: Json, raw: Json, *, proto_json: bool) -> Method:
    uploads = raw.get("mediaUpload", {}).get("protocols", {})
    parameters = {
        **source.get("parameters", {}),
        **raw.get("parameters", {}),
        **(_UPLOAD_PARAMETERS if uploads else {}),
    }
    return Method(
        id=raw["id"],
        api=source["name"],
        proto_json=proto_json,
        verb=raw["httpMethod"],
        path=source["servicePath"] + raw["path"],
        parameters=parameters,
        expected=tuple(_expected(parameters)),
        request=raw.get("request", {}).get("$ref"),
        response=raw.get("response", {}).get("$ref"),
        uploads=tuple(protocol["path"].lstrip("/") for protocol in uploads.values()),
        media=raw.get("supportsMediaDownload", False),
        schemas=source["schemas"],
    )


def _expected(parameters: Json) -> Iterator[str]:
    for name, spec in parameters.items():
        if spec["location"] == "query" and (spec.get("required") or "default" in spec):
            yield name


def _walk(resource: Json) -> Iterator[Json]:
    yield from resource.get("methods", {}).values()
    for child in resource.get("resources", {}).values():
        yield from _walk(child)
