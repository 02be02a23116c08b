"""The commands in a piece of shell."""

from __future__ import annotations

import itertools
import re
import shlex
from collections.abc import Iterator

_VARIABLE = re.compile(r"[A-Za-z_]\w*=")


def commands(text: str) -> Iterator[list[str]]:
    """The words of each command, without variables before it, redirections and comments; those in `$(...)` too."""
    text = re.sub(r"(^|\s)#.*$", "", text.replace("\\\n", " "), flags=re.MULTILINE)
    for words in _split(shlex.shlex(text, posix=True, punctuation_chars="|&;<>\n")):
        own = list(itertools.dropwhile(lambda word: word == "env" or _VARIABLE.match(word), words))
        if own:
            yield own
        for word in words:
            for inner in re.findall(r"\$\((.*?)\)", word):
                yield from commands(inner)


def _split(lexer: shlex.shlex) -> Iterator[list[str]]:
    lexer.whitespace = " \t"
    lexer.whitespace_split = True
    words: list[str] = []
    redirected = False
    for word in lexer:
        if set(word) <= set("|&;\n"):
            yield words
            words = []
        elif set(word) <= set("<>"):
            redirected = True
        elif redirected:
            redirected = False
        else:
            words.append(word)
    yield words


def options(words: list[str]) -> list[str]:
    """The long options of a command, without their values."""
    return [word.partition("=")[0] for word in words if re.match(r"--[a-z]", word)]
