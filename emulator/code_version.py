"""Which version of the code an emulator runs: after an upgrade, a running emulator keeps the old code."""

from __future__ import annotations

import hashlib
from pathlib import Path

_ROOT = Path(__file__).resolve().parent.parent
_CODE = ("emulator/**/*.py", "gcp/**/*.py", "resources/**/*.py", "requirements.txt")


def digest() -> str:
    """A digest of the emulator's code on the disk and of the packages that are pinned for it."""
    found = hashlib.sha256()
    for file in sorted(file for pattern in _CODE for file in _ROOT.glob(pattern)):
        found.update(f"{file.relative_to(_ROOT)}\0".encode() + hashlib.sha256(file.read_bytes()).digest())
    return found.hexdigest()[:16]
