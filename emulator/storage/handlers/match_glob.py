r"""`matchGlob` of `objects.list`: patterns of whole names.

`*` is any text without a slash, `**` any text, `**/` any number of folders or none, `?` one character but a slash,
`[ab]` and `[a-z]` one of these, `[!ab]` one of the others, `{a,b}` either. `\` takes the next character for itself.

A pattern comes from a client, and the emulator has one event loop: matching keeps the set of all positions in the
pattern that the name may have reached, and never goes back. Time grows with the name's length times the pattern's.
"""

from __future__ import annotations

import re

from gcp import errors

_SIGN = re.compile(r"(?<![^/{,])\*\*/|\*\*|\\.|\[[!^]?\]?[^\]]*\]|.", re.DOTALL)
_LONGEST = 1024
_MOST_ALTERNATIVES = 256


def compile_(pattern: str) -> Glob:
    """Compiles a pattern.

    Raises:
        errors.InvalidArgument: it is longer than 1024 characters, has more than 256 alternatives in braces, or has
            brackets or braces that are not closed.
    """
    if len(pattern) > _LONGEST:
        raise errors.InvalidArgument(f"matchGlob takes at most {_LONGEST} characters.")
    builder = _Builder()
    try:
        for sign in _SIGN.findall(re.sub(r"\*{3,}", "**", pattern)):
            builder.add(sign)
    except re.error:
        raise _invalid(pattern) from None
    if builder.open:
        raise _invalid(pattern)
    if builder.alternatives > _MOST_ALTERNATIVES:
        raise errors.InvalidArgument(f"matchGlob takes at most {_MOST_ALTERNATIVES} alternatives in braces.")
    return Glob(builder)


def _invalid(pattern: str) -> errors.InvalidArgument:
    return errors.InvalidArgument(f"Invalid matchGlob: {pattern!r}.")


class _Builder:
    """The positions of a pattern, each a bit; a set of positions is an int.

    Attributes:
        here: the position that the signs so far lead to.
        literals: by character, the positions where it leads to the next one.
        classes: the same for `[...]` and `?`: a position, and the expression for its one character.
        stays: the positions where any character may come, and stays.
        stays_in_folder: the same for any character but a slash.
        jumps: from a position to one further on, without a character.
        open: of each open brace, its position and the ends of its alternatives so far.
        alternatives: how many there are in all braces.
    """

    def __init__(self) -> None:
        self.here = self.alternatives = self.stays = self.stays_in_folder = 0
        self.literals: dict[str, int] = {}
        self.classes: list[tuple[int, re.Pattern[str]]] = []
        self.jumps: list[tuple[int, int]] = []
        self.open: list[tuple[int, list[int]]] = []

    def add(self, sign: str) -> None:
        """Adds a sign of the pattern. Raises `re.error`."""
        if sign == "*":
            self.stays_in_folder |= 1 << self.here
        elif sign == "**":
            self.stays |= 1 << self.here
        elif sign == "**/":
            self._folders()
        elif sign == "{":
            self.open.append((self.here, []))
            self._alternative()
        elif sign == "," and self.open:
            self.open[-1][1].append(self.here)
            self._alternative()
        elif sign == "}" and self.open:
            self._close()
        else:
            self._character(sign)

    def _character(self, sign: str) -> None:
        if sign == "?" or sign[0] == "[":
            self.classes.append((1 << self.here, re.compile("[^/]" if sign == "?" else _class(sign))))
        else:
            self.literals[sign[-1]] = self.literals.get(sign[-1], 0) | 1 << self.here
        self.here += 1

    def _folders(self) -> None:
        before, within = self.here, self.here + 1
        self.jumps += [(before, within), (before, within + 1)]
        self.here, self.stays = within, self.stays | 1 << within
        self._character("/")

    def _alternative(self) -> None:
        self.alternatives += 1
        self.here += 1
        self.jumps.append((self.open[-1][0], self.here))

    def _close(self) -> None:
        _, ends = self.open.pop()
        ends.append(self.here)
        self.here += 1
        self.jumps += [(end, self.here) for end in ends]


class Glob:
    """A pattern of names."""

    def __init__(self, built: _Builder) -> None:
        self._built = built
        self._jumps = [(1 << start, 1 << end) for start, end in sorted(built.jumps)]
        self._next: dict[str, int] = {}

    def matches(self, name: str) -> bool:
        """Whether the whole name has this pattern."""
        built, reached = self._built, self._jumped(1)
        for character in name:
            stays = built.stays if character == "/" else built.stays | built.stays_in_folder
            reached = self._jumped((reached & self._leaving(character)) << 1 | reached & stays)
            if not reached:
                return False
        return bool(reached >> built.here & 1)

    def _jumped(self, reached: int) -> int:
        for start, end in self._jumps:  # they lead forward, and are in order: once is enough
            if reached & start:
                reached |= end
        return reached

    def _leaving(self, character: str) -> int:
        """The positions where this character leads to the next one."""
        found = self._next.get(character)
        if found is None:
            found = self._built.literals.get(character, 0)
            for position, expression in self._built.classes:
                if expression.fullmatch(character):
                    found |= position
            self._next[character] = found
        return found


def _class(sign: str) -> str:
    """A regular expression for `[...]`; for a bracket that is left open, one that `re` refuses."""
    inner = sign[1:-1]
    negated = inner[:1] in ("!", "^")
    chosen = re.sub(r"([\\\[\]^&~|])", r"\\\1", inner[1:] if negated else inner)
    return f"[{'^' if negated else ''}{chosen}]"
