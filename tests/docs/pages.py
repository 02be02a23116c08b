"""The documentation's pages, and the fenced blocks in them."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.running import ROOT

FENCE = re.compile(r"^( *)```([^\n]*)\n(.*?)^\1```$", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A fenced block.

    Attributes:
        page: its page, relative to the project.
        line: the line of its fence, from 1.
        language: the first word after the fence: `bash`.
        word: the rest: what it needs to run, or the file that it is about.
        text: its lines, without the indentation that they share.
    """

    page: str
    line: int
    language: str
    word: str
    text: str

    def __str__(self) -> str:
        """Where it is: `docs/prediction.md:12`."""
        return f"{self.page}:{self.line}"


def pages() -> list[Path]:
    """Every page that people read."""
    return [*sorted(ROOT.glob("*.md")), *sorted(ROOT.glob("docs/**/*.md")), *sorted(ROOT.glob("models/**/*.md"))]


def text() -> str:
    """All pages together."""
    return "\n".join(page.read_text(encoding="utf-8") for page in pages())


def blocks(page: Path, *languages: str) -> list[Block]:
    """The fenced blocks of a page in these languages, or all."""
    content = page.read_text(encoding="utf-8")
    found = []
    for match in FENCE.finditer(content):
        language, _, word = match[2].partition(" ")
        line = content.count("\n", 0, match.start()) + 1
        found.append(Block(str(page.relative_to(ROOT)), line, language, word, textwrap.dedent(match[3])))
    return [block for block in found if not languages or block.language in languages]


def all_blocks(*languages: str) -> list[Block]:
    """The fenced blocks of all pages in these languages, or all."""
    return [block for page in pages() for block in blocks(page, *languages)]


def commands() -> Iterator[tuple[Path, str]]:
    """Page and command of each line of a block, and of each piece of code in a line, without comments."""
    for page in pages():
        content = page.read_text(encoding="utf-8")
        inline = re.findall(r"`([^`\n]+)`", FENCE.sub("", content))
        lines = (line for block in blocks(page) for line in block.text.splitlines())
        yield from ((page, line.partition(" #")[0].strip()) for line in (*lines, *inline))
