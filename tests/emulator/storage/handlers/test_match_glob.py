"""Matching names by `matchGlob`."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.storage.handlers import match_glob
from gcp import errors

_SIGNS = [*"ab/*?{,}-.|\\", "**", "**/", "[ab]", "[!a]", "[^/]", "[]a]", "\\*"]
_EXPRESSIONS = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]", "[ab]": "[ab]", "[!a]": "[^a]"}
_EXPRESSIONS |= {"[^/]": "[^/]", "[]a]": r"[\]a]"}


def _braces(parts: tuple[str, list[str], str]) -> str:
    before, alternatives, after = parts
    return f"{before}{{{','.join(alternatives)}}}{after}"


def _expression(pattern: str) -> tuple[str, bool]:
    """Returns the pattern as a regular expression, and whether a brace is left open."""
    result, depth = "", 0
    for sign in re.findall(r"(?<![^/{,])\*\*/|\*\*|\\.|\[[!^]?\]?[^\]]*\]|.", re.sub(r"\*{3,}", "**", pattern)):
        if sign == "{":
            result, depth = result + "(?:", depth + 1
        elif sign == "}" and depth:
            result, depth = result + ")", depth - 1
        else:
            result += "|" if sign == "," and depth else _EXPRESSIONS.get(sign) or re.escape(sign[-1])
    return result, depth > 0


@given(
    pattern=st.recursive(
        st.lists(st.sampled_from(_SIGNS), max_size=5).map("".join),
        lambda inner: st.tuples(inner, st.lists(inner, max_size=3), inner).map(_braces),
        max_leaves=5,
    ),
    names=st.lists(st.text("ab/*-.],\\|\n", max_size=6), min_size=5, max_size=30),
)
def test_it_matches_as_an_expression_does(pattern: str, names: list[str]) -> None:
    """Short patterns match the same names as a regular expression; open braces are rejected."""
    expression, is_open = _expression(pattern)
    if is_open:
        with pytest.raises(errors.InvalidArgument):
            match_glob.compile_(pattern)
        return
    glob = match_glob.compile_(pattern)
    for name in ["", pattern, *names]:
        assert glob.matches(name) == bool(re.fullmatch(expression, name, re.DOTALL)), name


@pytest.mark.parametrize(
    "pattern",
    [
        "**a" * 8 + "b",
        "*a" * 500 + "b",
        "**/" * 340 + "b",
        "{a,aa}" * 100 + "b",
        "{*,**}" * 120 + "b",
        "?*" * 500 + "b",
    ],
)
def test_no_pattern_takes_long(pattern: str) -> None:
    """The longest names and the most ambiguous patterns take less than a second of this process."""
    glob = match_glob.compile_(pattern)
    start = time.process_time()

    assert not glob.matches("a" * 1023 + "/")
    assert not glob.matches("a/" * 512)
    assert time.process_time() - start < 1


def test_too_many_alternatives() -> None:
    """Their number is limited, also in nested braces."""
    assert match_glob.compile_("{" + "a," * 255 + "b}").matches("b")
    with pytest.raises(errors.InvalidArgument, match="at most 256 alternatives"):
        match_glob.compile_("{" + "{a,b}" * 100 + "," * 56 + "}")


@pytest.mark.parametrize("pattern", ["[*", "[?]]["])
def test_an_open_bracket_is_refused_whatever_follows(pattern: str) -> None:
    """A character after it does not close it."""
    with pytest.raises(errors.InvalidArgument, match="Invalid matchGlob"):
        match_glob.compile_(pattern)
