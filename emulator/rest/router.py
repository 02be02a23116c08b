"""From verb and path to the method that is meant. An address in no discovery document means nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from urllib.parse import unquote

from emulator.rest.discovery import Method

# An upload session is continued with PUT and given up with DELETE, at the address that POST opened it.
_UPLOAD_VERBS = ("POST", "PUT", "DELETE")
_MOST_SLASHES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A method, its decoded path parameters, and whether the address is one that takes media."""

    method: Method
    params: dict[str, str]
    upload: bool
    download: bool


@dataclass(frozen=True, slots=True)
class _Route:
    regex: re.Pattern[str]
    patterns: dict[str, re.Pattern[str]]
    method: Method
    upload: bool = False
    download: bool = False

    @property
    def slashes(self) -> int | None:
        """How many a path of this route has, one at its end left out; None where it may have any number."""
        pattern = self.regex.pattern.removesuffix("/?")
        return None if ".*" in pattern else pattern.replace("[^/]", "").count("/")

    def match(self, path: str) -> Match | None:
        found = self.regex.fullmatch(path)
        if found is None:
            return None
        params = {name: unquote(value, errors="strict") for name, value in found.groupdict().items()}
        # What is a name before decoding may be a path after it: `models/a%2Fb` is no model.
        if any(not pattern.fullmatch(params[name]) for name, pattern in self.patterns.items()):
            return None
        return Match(method=self.method, params=params, upload=self.upload, download=self.download)


class Router:
    """Finds the method of a call. Paths are matched as they came, percent-encoded, and decoded afterwards.

    Patterns are compiled with the first call of their verb and first segment: APIs that nobody calls cost no time.
    """

    def __init__(self, methods: Iterable[Method]) -> None:
        self._templates: dict[tuple[str, str], list[Callable[[], _Route]]] = {}
        self._routes: dict[tuple[str, str], list[_Route]] = {}
        self._likely: dict[tuple[str, str, int], list[_Route]] = {}
        # `v1/{+name}:predict` before `v1/{+name}`: the longer literal text is the more exact one.
        for method in sorted(methods, key=lambda method: -len(re.sub(r"\{.*?\}", "", method.path))):
            self._add(method.verb, method.path, method)
            for path in method.uploads:
                for verb in _UPLOAD_VERBS:
                    self._add(verb, path, method, upload=True)
            if method.media:
                path = f"download/{method.path}"
                self._add(method.verb, path, method, download=True)

    @property
    def roots(self) -> frozenset[str]:
        """The first segments of all addresses: `v1`, `storage`, ..."""
        return frozenset(root for _, root in self._templates)

    def _add(self, verb: str, path: str, method: Method, *, upload: bool = False, download: bool = False) -> None:
        make = partial(_route, path, method, upload=upload, download=download)
        self._templates.setdefault((verb, path.partition("/")[0]), []).append(make)

    def match(self, verb: str, raw_path: str, takes: Callable[[Match], bool] = lambda _match: True) -> Match | None:
        """The method at this address, or None.

        Args:
            verb: HTTP verb.
            raw_path: percent-encoded; it starts with a slash.
            takes: whether the method's API answers this call; APIs may share an address, and the next one is asked.
        """
        path = raw_path[1:]
        for route in self._candidates(verb, path):
            try:
                found = route.match(path)
            except UnicodeDecodeError:
                return None
            if found and takes(found):
                return found
        return None

    def _candidates(self, verb: str, path: str) -> Sequence[_Route]:
        """The routes that such a path may have, the most exact one first."""
        first, slashes = path.partition("/")[0], path.removesuffix("/").count("/")
        if (verb, first) not in self._templates:
            return ()
        if (verb, first) not in self._routes:
            self._routes[verb, first] = [make() for make in self._templates[verb, first]]
        routes = self._routes[verb, first]
        if slashes > _MOST_SLASHES:
            return routes
        key = (verb, first, slashes)
        if key not in self._likely:
            self._likely[key] = [route for route in routes if route.slashes in {None, slashes}]
        return self._likely[key]


def _route(path: str, method: Method, *, upload: bool = False, download: bool = False) -> _Route:
    return _Route(*_compile(path, method), method, upload, download)


def _compile(template: str, method: Method) -> tuple[re.Pattern[str], dict[str, re.Pattern[str]]]:
    regex, patterns = "", {}
    for literal, name in re.findall(r"([^{]*)(?:\{\+?(\w+)\})?", template):
        regex += re.escape(literal)
        if name:
            given = method.parameters[name].get("pattern")
            pattern = given.strip("^$") if given else "[^/]+"
            regex += f"(?P<{name}>{pattern})"
            if given:
                patterns[name] = re.compile(pattern)
    if not method.proto_json and not template.endswith("}"):
        regex += "/?"  # older APIs take `storage/v1/b/` for `storage/v1/b`
    return re.compile(regex), patterns
