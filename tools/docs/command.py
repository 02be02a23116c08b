"""Writes the generated docs and API documents, or with `--check` lists what is stale: `python -m tools.docs [--check]`.

Exit codes: 0 written, or nothing stale; 1 stale or not writable; 2 wrong usage.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tools.docs import generated_pages


def main(arguments: Sequence[str] | None = None, *, root: Path = generated_pages.ROOT) -> int:
    """Runs the command; returns its exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.docs",
        description="Writes the parts of docs/ that are generated from the code, and the emulator's API documents.",
        epilog="exit codes: 0 written, or nothing stale; 1 stale or not writable; 2 wrong usage",
    )
    parser.add_argument("--check", action="store_true", help="write nothing; fail if a file is stale")
    options = parser.parse_args(arguments)
    try:
        stale = generated_pages.stale(root)
        if not options.check:
            generated_pages.write(stale, root)
    except (OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    for name in stale:
        print(f"error: {name} is stale: run `make docs`" if options.check else f"wrote {name}", file=sys.stderr)
    return 1 if options.check and stale else 0
