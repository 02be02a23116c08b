"""The emulator keeps nothing of who calls it."""

from __future__ import annotations

import contextlib
import json
import urllib.error
import urllib.request
from collections.abc import Callable

from tests.running import RunningEmulator

TOKEN = "ya29.planted-token"  # noqa: S105 - what must not be kept


def call(emulator: RunningEmulator, verb: str, path: str, body: object = None) -> None:
    """One call with a token in its headers and in its query; a refusal is an answer too."""
    headers = {"authorization": f"Bearer {TOKEN}", "content-type": "application/json", "x-goog-user-project": TOKEN}
    separator = "&" if "?" in path else "?"
    url = f"{emulator.endpoint}{path}{separator}access_token={TOKEN}&key={TOKEN}"
    content = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, content, headers, method=verb)  # noqa: S310 - loopback
    with contextlib.suppress(urllib.error.HTTPError), urllib.request.urlopen(request, timeout=30):  # noqa: S310 - loopback
        pass


def test_no_header_and_no_query_is_kept(emulator_factory: Callable[..., RunningEmulator]) -> None:
    """Neither in the log nor anywhere in its folder: calls that succeed, are refused, begin an upload, find nothing."""
    emulator = emulator_factory()
    for verb, path, body in [
        ("POST", "/v1/projects/demo/models", {"name": "m"}),
        ("POST", "/v1/projects/demo/models", {"nonsense": 1}),
        ("GET", "/v1/projects/demo/models/none", None),
        ("POST", "/storage/v1/b?project=demo", {"name": "demo-privacy"}),
        ("POST", "/upload/storage/v1/b/demo-privacy/o?uploadType=resumable&name=x", {}),
        ("GET", "/nothing/here", None),
        ("POST", "/v1/projects/demo/models/m:predict", {"instances": [1]}),
    ]:
        call(emulator, verb, path, body)
    emulator.stop()

    log = (emulator.data / "log").read_text(encoding="utf-8")
    assert "projects/demo/models" in log
    files = [file for file in emulator.data.rglob("*") if file.is_file()]
    assert [file.name for file in files if TOKEN.encode() in file.read_bytes()] == []
