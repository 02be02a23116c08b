"""Shows the progress of a build: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol, TextIO

from command_line import BROKEN_PIPE

if TYPE_CHECKING:
    from rich.progress import Progress


class Display(Protocol):
    """Shows progress and messages."""

    def step(self, done: int, total: int, text: str) -> None:
        """Shows that `done` of `total` steps are done."""

    def line(self, text: str) -> None:
        """Shows a line that stays on the screen."""


class Lines:
    """Shows each report as a line."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def step(self, done: int, total: int, text: str) -> None:  # noqa: ARG002 - a log needs no bar: the text says it
        """Writes the text."""
        self.line(f"  {text}")

    def line(self, text: str) -> None:
        """Writes the text.

        Raises:
            SystemExit: the output pipe is closed. A build would report the `OSError` as a full disk.
        """
        try:
            self._stream.write(f"{text}\n")
            self._stream.flush()
        except BrokenPipeError:
            raise SystemExit(BROKEN_PIPE) from None


@contextmanager
def display(stream: TextIO | None = None) -> Iterator[Display]:
    """The display for a stream. Default: standard output."""
    stream = stream or sys.stdout
    if not stream.isatty():
        yield Lines(stream)
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("  {task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(file=stream), transient=True) as progress:
        yield _Bar(progress)


class _Bar:
    """One progress bar, for the current build."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task = progress.add_task("", total=None, visible=False)

    def step(self, done: int, total: int, text: str) -> None:
        self._progress.update(self._task, completed=done, total=total, description=text, visible=True)

    def line(self, text: str) -> None:
        self._progress.update(self._task, visible=False)
        self._progress.reset(self._task, visible=False)
        self._progress.console.print(text, markup=False, highlight=False, soft_wrap=True)
