r"""`matchGlob` of `objects.list`: patterns of whole names.

`*` is any text without a slash, `**` any text, `**/` any number of folders or none, `?` one character but a slash,
`[ab]` and `[a-z]` one of these, `[!ab]` one of the others, `{a,b}` either. `\` takes the next character for itself.
"""

from __future__ import annotations

import re

from resources import errors

_SIGN = re.compile(r"(?<![^/{,])\*\*/|\*\*|\\.|\[[!^]?\]?[^\]]*\]|.", re.DOTALL)
_SIMPLE = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
_LONGEST = 1024


def compile_(pattern: str) -> re.Pattern[str]:
    """The pattern as a regular expression for `fullmatch`.

    Raises:
        errors.InvalidArgument: longer than 1024 characters, or with brackets or braces that are not closed.
    """
    if len(pattern) > _LONGEST:
        raise errors.InvalidArgument(f"matchGlob takes at most {_LONGEST} characters.")
    result, depth = "", 0
    for sign in _SIGN.findall(re.sub(r"\*{3,}", "**", pattern)):
        if sign == "{":
            result, depth = result + "(?:", depth + 1
        elif sign == "}" and depth:
            result, depth = result + ")", depth - 1
        elif sign == "," and depth:
            result += "|"
        else:
            result += _SIMPLE.get(sign) or _literal(sign)
    try:
        return re.compile(result, re.DOTALL)
    except re.error:
        raise errors.InvalidArgument(f"Invalid matchGlob: {pattern!r}.") from None


def _literal(sign: str) -> str:
    if sign.startswith("[") and len(sign) > 1:
        inner = sign[1:-1]
        negated = inner[:1] in ("!", "^")
        chosen = re.sub(r"([\\\[\]^&~|])", r"\\\1", inner[1:] if negated else inner)
        return f"[{'^' if negated else ''}{chosen}]"
    if sign == "[":
        return "["  # left open: no expression, and refused as such
    return re.escape(sign[-1])
