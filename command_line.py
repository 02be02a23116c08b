"""How the commands of this project start and end: `python -m prediction`, `emulator`, `models`, `tools.docs`."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable
from typing import NoReturn

BROKEN_PIPE = 141
"""The exit code after a closed output pipe: 128 + SIGPIPE, as shells report it for other programs."""


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
