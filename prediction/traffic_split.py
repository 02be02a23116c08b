"""Which version a user is sent to, where a model's users are split among several versions by shares."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping

from gcp import errors
from resources.schema import shares as rules

_BITS = 52


def version_for(key: str | int, shares: Mapping[str, float], salt: str = "") -> str:
    """The version of a user: always the same one for the same key, shares and salt, in every process and machine.

    Weighted rendezvous hashing: each version scores `-share / ln(u)`, where `u` in (0, 1) is made of the first 52 bits
    of SHA-256 of salt, version and key; the highest score wins. Over many keys a version gets its share of them. Users
    move from A to B only if the share of B grew in proportion to that of A: with two versions, growing the new one from
    10 to 20 per cent moves a tenth of all users to it, and nobody back. The order of the versions has no influence.

    Args:
        key: what tells users apart: an account's number, the id in a cookie.
        shares: version -> per cent, 0 to 100, together 100; as a stack's `trafficSplit` says.
        salt: keeps splits apart: with another one, other users are the first. `Client` gives the model's full name.

    Raises:
        InvalidInput: the shares are none, wrong, or do not add up to 100.
    """
    check(shares)
    return max(sorted(shares), key=lambda version: _score(f"{salt}\n{version}\n{key}", shares[version]))


def check(shares: Mapping[str, float]) -> None:
    """Raises `InvalidInput` for shares that are none, or wrong."""
    failures = list(rules.failures(shares, None, "split"))
    if failures:
        raise errors.InvalidInput(failures)


def _score(text: str, share: float) -> float:
    number = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> (64 - _BITS)
    return -share / math.log((number + 0.5) / 2**_BITS)  # exact: the logarithm is never that of 0 or 1
