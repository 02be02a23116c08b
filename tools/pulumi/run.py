"""Runs `tools.local_pulumi` from any folder, for the shell function `pulumi` of local.env."""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[2])
    from tools.local_pulumi import main

    sys.exit(main(sys.argv[1:]))
