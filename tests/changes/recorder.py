"""What a provider sends, noted at the seam that all its calls go through."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any
from urllib.parse import parse_qs, urlsplit

from gcp import api
from gcp.settings import Settings
from resources.engine.provider import Provider
from tests.kinds.rows import Sent
from tests.providers import State

_GUARDS = ("ifMetagenerationMatch", "ifGenerationMatch", "generation")


class Recorder(api.Api):
    """An `Api` that notes its calls before it makes them.

    Attributes:
        calls: every method id.
        sent: the calls that change something.
    """

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.calls: list[str] = []
        self.sent: list[Sent] = []
        self._seen: set[str] = set()

    def call(self, request: Any, *, repeatable: bool | None = None) -> Any:
        """Notes the call, makes it, and notes the etags and generations that came back."""
        self.calls.append(request.methodId)
        if request.method != "GET":
            self.sent.append(self._noted(request))
        answer = super().call(request, repeatable=repeatable)
        if isinstance(answer, dict):
            for item in [answer, *answer.get("items", []), *answer.get("models", [])]:
                self._seen |= {str(item[key]) for key in ("etag", "metageneration", "generation") if key in item}
        return answer

    def forget(self) -> None:
        """Starts over."""
        for notes in (self.calls, self.sent, self._seen):
            notes.clear()

    def _noted(self, request: Any) -> Sent:
        query = {key: values[0] for key, values in parse_qs(urlsplit(request.uri).query).items()}
        guards = [query[name] for name in _GUARDS if name in query]
        body: State | None = None
        if request.methodId == "storage.objects.insert":
            body = _uploaded(query.get("name"), request.body)
        elif request.body:
            body = json.loads(request.body)
        if body and "etag" in body:
            guards.append(body.pop("etag"))
        return Sent(request.methodId, query.get("updateMask"), body, bool(self._seen.intersection(guards)))


def _uploaded(name: str | None, content: bytes) -> dict[str, str]:
    """Name and checksum of an upload; of a manifest and of a claim, whose bytes nobody declares, the name alone.

    The name is in the address, or with the checksum in the facts that come first in the body.
    """
    found = re.search(rb'{(?:"name": "(?P<name>[^"]+)", )?"crc32c": "(?P<crc32c>[^"]+)"}', content)
    name = name or (found["name"].decode() if found else "")
    if name.endswith("/manifest.json") or name.startswith(".claims/"):
        return {"name": name}
    assert found is not None
    return {"name": name, "crc32c": found["crc32c"].decode()}


@cache
def _shared(settings: Settings) -> Recorder:
    return Recorder(settings)


def recording(provider: Provider) -> Recorder:
    """The recorder that this provider calls through from now on, with nothing noted."""
    recorder = _shared(provider.api.settings)
    recorder.forget()
    provider.api = recorder
    return recorder
