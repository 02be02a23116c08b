"""`python -m emulator`."""

from __future__ import annotations

import command_line


def _main() -> int:
    from emulator.cli import main

    return main()


command_line.run(_main)
