"""Fixtures for tests of the set-up."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.setup.checkout import Checkout


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """A checkout with nothing set up, on a machine that has nothing but a shell."""
    return Checkout(tmp_path)
