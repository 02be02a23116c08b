"""`python -m tools.docs`."""

from __future__ import annotations

import sys

from tools.docs.cli import main

sys.exit(main())
