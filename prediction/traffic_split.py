"""Chooses the version for a user if the users of a model are split among several versions."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping

from gcp import errors
from resources.schema import shares as rules

_BITS = 52


def version_for(key: str | int, shares: Mapping[str, float], salt: str = "") -> str:
    """The version for a user. It only depends on key, shares and salt, not on the process or machine.

    Weighted rendezvous hashing: each version scores `-share / ln(u)`, where `u` in (0, 1) comes from the first 52 bits
    of SHA-256 of salt, version and key; the highest score wins. Over many keys, each version gets its share. Users move
    from A to B only if the share of B grows relative to that of A: with two versions, raising the new one from 10 to 20
    per cent moves a tenth of all users to it, and nobody back. The order of the versions does not matter.

    Args:
        key: identifies the user: an account number, the id in a cookie.
        shares: version -> per cent, 0 to 100, with a sum of 100, like `trafficSplit` in a stack file.
        salt: makes splits independent: another salt selects other users first. `Client` uses the model's full name.

    Raises:
        InvalidInput: there are no shares, one is not valid, or their sum is not 100.
    """
    check(shares)
    return max(sorted(shares), key=lambda version: _score(f"{salt}\n{version}\n{key}", shares[version]))


def check(shares: Mapping[str, float]) -> None:
    """Raises `InvalidInput` if shares are missing or not valid."""
    failures = list(rules.failures(shares, None, "split"))
    if failures:
        raise errors.InvalidInput(failures)


def _score(text: str, share: float) -> float:
    number = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> (64 - _BITS)
    return -share / math.log((number + 0.5) / 2**_BITS)  # + 0.5: never the logarithm of 0 or 1
