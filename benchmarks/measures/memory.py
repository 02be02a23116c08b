"""The memory of the provider process during the first deployment of the local stack.

The process is found below `pulumi`, and its VmHWM, the kernel's record of the peak, is read until it ends.
Its mapped files show whether TensorFlow is loaded.
"""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.figures import MB, BenchmarkError, Figure
from benchmarks.servers.local_stack import local
from benchmarks.workspace import World

BOUND = 120.0


def figures(world: World, name: str = "local") -> Iterator[Figure]:
    """The peak, and whether TensorFlow was loaded."""
    seen = local(world, name).first.provider
    if seen is None:
        raise BenchmarkError("the first up of the local stack was not watched")
    what = f"provider process during an up of the stack {name}"
    yield Figure(what=f"{what}: peak memory", measured=seen.peak / MB, bound=BOUND, unit="MB", disturbed_by="")
    yield Figure(what=f"{what}: TensorFlow loaded (1 is yes)", measured=int(seen.tensorflow), bound=0, disturbed_by="")
