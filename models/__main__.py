"""`python -m models`."""

from __future__ import annotations

import command_line


def _main() -> int:
    from models.commands.command_line import main

    return main()


command_line.run(_main)
