"""What the commands of this project share: `python -m prediction`, `emulator`, `models`, `tools.docs`."""

from __future__ import annotations

import argparse
import os
import sys
import warnings
from collections.abc import Callable
from typing import NoReturn

OK, FAILED, USAGE, INTERRUPTED = 0, 1, 2, 130
"""Exit codes. INTERRUPTED is 128 + SIGINT, as shells report it for other programs."""
BROKEN_PIPE = 141
"""The exit code after a closed output pipe: 128 + SIGPIPE."""


def run(main: Callable[[], int]) -> NoReturn:
    """Runs a command and exits with its code.

    Library warnings are hidden, unless `-W` or PYTHONWARNINGS asks for them. If the output pipe closes (`| head -1`),
    the command exits quietly.

    Args:
        main: the command; returns its exit code. It imports what it needs itself: what warns when it is imported must
            be imported after the filter is set.
    """
    if not sys.warnoptions:
        warnings.simplefilter("ignore")
    try:
        code = _exit_code(main)
        sys.stdout.flush()  # at exit, Python would complain about a reader that has gone
    except BrokenPipeError:
        _discard_output()
        sys.exit(BROKEN_PIPE)
    sys.exit(code)


def _exit_code(main: Callable[[], int]) -> int | str | None:
    try:
        return main()
    except SystemExit as exit_:  # --help prints, and exits before its text has left the buffer
        return exit_.code


def _discard_output() -> None:
    """Discards the output that is still buffered."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def whole_number(least: int) -> Callable[[str], int]:
    """A `type` for argparse: converts text to a whole number. Raises `ArgumentTypeError` if it is less than `least`."""

    def convert(text: str) -> int:
        if not (text.isascii() and text.isdigit() and int(text) >= least):
            raise argparse.ArgumentTypeError(f"must be a whole number, {least} or more; got {text!r}")
        return int(text)

    return convert


def pluralize(number: int, noun: str) -> str:
    """A number with its noun: "1 file", "2 files"."""
    return f"{number} {noun}{'' if number == 1 else 's'}"
