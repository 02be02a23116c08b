"""Machine types."""

from __future__ import annotations

import pytest

from emulator.ml.version_loader import machine


@pytest.mark.parametrize(
    ("name", "cores", "gib"),
    [
        ("mls1-c1-m2", 1, 2),
        ("mls1-c4-m2", 4, 2),
        ("n1-standard-2", 2, 7.5),
        ("n1-highmem-4", 4, 26),
        ("n1-highcpu-8", 8, 7.2),
    ],
)
def test_machines_are_as_large_as_googles(name: str, cores: int, gib: float) -> None:
    """Cores and memory of the documentation."""
    found = machine(name)

    assert (found.cores, round(found.memory / 2**30, 2)) == (cores, gib)
