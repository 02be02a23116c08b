"""Progress of a build, on a terminal and elsewhere."""

from __future__ import annotations

import io

from models.builder.progress import display


class Terminal(io.StringIO):
    """A stream that claims to be a terminal."""

    def isatty(self) -> bool:
        """Claims to be a terminal."""
        return True


def test_lines() -> None:
    """Without a terminal, each report is a plain line."""
    stream = io.StringIO()
    with display(stream) as shown:
        shown.line("line: building")
        shown.step(1, 2, "epoch 1/2")

    assert stream.getvalue() == "line: building\n  epoch 1/2\n"


def test_bar() -> None:
    """On a terminal, there is a bar beside the text, and messages stay as lines."""
    stream = Terminal()
    with display(stream) as shown:
        shown.line("line: building [1/2]")
        shown.step(1, 2, "epoch 1/2")

    assert "line: building [1/2]" in stream.getvalue()
    assert "epoch 1/2" in stream.getvalue()
    assert "━" in stream.getvalue()
