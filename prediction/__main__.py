"""`python -m prediction`."""

from __future__ import annotations

import command_line


def _main() -> int:
    from prediction.cli.predict_command import main

    return main()


command_line.run(_main)
