"""Fixtures for tests of the set-up."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.setup.checkout import Checkout


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """A checkout that is not set up, on a machine with only a shell."""
    return Checkout(tmp_path)
