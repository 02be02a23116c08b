"""Rules for the shares of users or requests that versions get, for stacks and clients. Pure."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from resources.schema.types import Failure, format_value, join

WHOLE = 100
_ROUNDING = 1e-6


def failures(shares: Mapping[str, Any], versions: Collection[str] | None, path: str) -> Iterator[Failure]:
    """What is wrong with shares in per cent.

    Args:
        shares: version -> its share, 0 to 100; together they are 100.
        versions: the existing versions; None if unknown.
        path: of the shares.
    """
    numbers = {name: share for name, share in shares.items() if _is_share(share)}
    for name, share in shares.items():
        if versions is not None and name not in versions:
            yield join(path, name), f"is not among its versions: {', '.join(versions) or 'none'}"
        if name not in numbers:
            yield join(path, name), f"must be a number from 0 to {WHOLE}; it is {format_value(share)}"
    total = math.fsum(numbers.values())
    if len(numbers) == len(shares) and abs(total - WHOLE) > _ROUNDING:
        yield path, f"must add up to {WHOLE}; it adds up to {total:g}"


def change(olds: Mapping[str, Any], news: Mapping[str, Any], of: str) -> tuple[str, ...]:
    """A line on what a change of shares means; none without a change.

    Args:
        olds: version -> its share before; empty for none.
        news: the same, as wanted.
        of: what is shared, and who chooses.
    """
    given = [f"{name} {share:g} %" for name, share in sorted(news.items()) if _is_share(share) and share]
    unshared = not olds and len(given) == 1  # the one version of a new model gets everything
    return () if olds == news or unshared else (f"traffic split: {', '.join(given)} of {of}",)


def _is_share(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= WHOLE
