"""Folders below the data folder."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path


async def remove_folder(folder: Path) -> None:
    """Removes a folder and all that is in it; no error if it does not exist."""
    await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
