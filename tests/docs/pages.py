"""The documentation's pages, and what is code in them."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from pathlib import Path

from tests.running import ROOT

FENCE = re.compile(r"^( *)```([^\n]*)\n(.*?)^\1```$", re.DOTALL | re.MULTILINE)


def pages() -> list[Path]:
    """Every page that people read."""
    return [*sorted(ROOT.glob("*.md")), *sorted(ROOT.glob("docs/**/*.md")), *sorted(ROOT.glob("models/**/*.md"))]


def text() -> str:
    """All pages together."""
    return "\n".join(page.read_text(encoding="utf-8") for page in pages())


def blocks(page: Path, language: str | None = None) -> list[str]:
    """The fenced blocks of a page, those of one language or all."""
    found = FENCE.findall(page.read_text(encoding="utf-8"))
    return [textwrap.dedent(body) for _, kind, body in found if language in (None, kind)]


def commands() -> Iterator[tuple[Path, str]]:
    """Page and command of each line of a block, and of each piece of code in a line, without comments."""
    for page in pages():
        content = page.read_text(encoding="utf-8")
        inline = re.findall(r"`([^`\n]+)`", FENCE.sub("", content))
        lines = (line for block in blocks(page) for line in block.splitlines())
        yield from ((page, line.partition(" #")[0].strip()) for line in (*lines, *inline))
