"""`python -m tools.docs`."""

from __future__ import annotations

import command_line


def _main() -> int:
    from tools.docs.command import main

    return main()


command_line.run(_main)
