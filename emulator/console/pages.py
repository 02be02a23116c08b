"""`/console`: a page about the emulator for people. Its files are those of `page/`, as they are.

The page takes nothing from elsewhere, and nothing that comes from outside becomes markup: the browser itself refuses
both, by the headers that go with every file.
"""

from __future__ import annotations

from pathlib import Path

from emulator.console import PATH
from emulator.rest.http_call import Call
from emulator.rest.request import Response
from gcp import errors

_FOLDER = Path(__file__).parent / "page"
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
}
_POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "connect-src": "'self'",
    "img-src": "'self' data:",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
    "require-trusted-types-for": "'script'",
    "trusted-types": "'none'",
}
HEADERS = {
    "content-security-policy": "; ".join(f"{name} {value}" for name, value in _POLICY.items()),
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "cache-control": "no-cache",
}


class Console:
    """The page."""

    roots = frozenset({"", "console"})
    challenge = 'Basic realm="tf2-models emulator: the token is the password", charset="UTF-8"'
    """Makes a browser ask its user for the token."""

    def owns(self, path: str) -> bool:
        """Whether a path is the page, one of its files, or the root, which redirects to it."""
        return path in ("/", PATH) or path.startswith(f"{PATH}/")

    async def respond(self, call: Call) -> Response:
        """A file of the page; at the root, a redirect to it. Raises `NotFound`."""
        if call.raw_path == "/" and call.verb == "GET":
            return Response(status=302, headers={**HEADERS, "location": PATH})
        name = call.raw_path.removeprefix(PATH).strip("/") or "index.html"
        files = {file.name: file for file in _FOLDER.iterdir() if file.suffix in _TYPES}
        if call.verb != "GET" or name not in files:
            raise errors.NotFound("There is GET /console.")
        return Response(body=files[name].read_bytes(), headers={**HEADERS, "content-type": _TYPES[files[name].suffix]})
