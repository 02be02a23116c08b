"""`python -m models`."""

from __future__ import annotations

import sys

from models.core.cli import main

sys.exit(main())
