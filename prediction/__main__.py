"""`python -m prediction`."""

from __future__ import annotations

import sys

from prediction.cli import main

sys.exit(main())
