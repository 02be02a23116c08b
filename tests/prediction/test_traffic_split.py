"""The version for a user."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gcp import errors
from prediction import Client, version_for
from tests.prediction.wire import Wire
from tests.running import ROOT

USERS = range(20_000)


def _all(shares: Mapping[str, float], salt: str = "") -> dict[int, str]:
    return {user: version_for(user, shares, salt) for user in USERS}


def test_each_version_gets_its_share_of_the_users() -> None:
    """Shares are met within four standard deviations of 20,000 draws."""
    counts = Counter(_all({"v1": 70, "v2": 25, "v3": 5}).values())

    for version, share in {"v1": 0.7, "v2": 0.25, "v3": 0.05}.items():
        assert abs(counts[version] / len(USERS) - share) < 4 * (share * (1 - share) / len(USERS)) ** 0.5


@given(st.integers(0, 98), st.integers(1, 100), st.text(max_size=20))
def test_growing_share_keeps_its_users(before: int, more: int, key: str) -> None:
    """A user with the new version keeps it while its share grows, whatever the key."""
    after = min(100, before + more)

    if version_for(key, {"v1": 100 - before, "v2": before}) == "v2":
        assert version_for(key, {"v1": 100 - after, "v2": after}) == "v2"


def test_growing_from_ten_to_twenty_moves_a_tenth() -> None:
    """No more users change their version than the shares require."""
    old, new = _all({"v1": 90, "v2": 10}), _all({"v1": 80, "v2": 20})

    moved = [user for user in USERS if old[user] != new[user]]

    assert {new[user] for user in moved} == {"v2"}
    assert abs(len(moved) / len(USERS) - 0.1) < 0.01


def test_third_version_takes_users_in_proportion() -> None:
    """A third version takes users in proportion; nobody moves between the old versions."""
    old, new = _all({"v1": 50, "v2": 50}), _all({"v1": 40, "v2": 40, "v3": 20})

    assert {new[user] for user in USERS if old[user] != new[user]} == {"v3"}


def test_salt_matters_and_order_does_not() -> None:
    """Two models with the same split send different users to their new versions."""
    assert _all({"v1": 50, "v2": 50}) == _all({"v2": 50, "v1": 50})
    one, other = _all({"v1": 50, "v2": 50}, "a"), _all({"v1": 50, "v2": 50}, "b")
    assert 0.45 < sum(one[user] == other[user] for user in USERS) / len(USERS) < 0.55


def test_shares_of_zero_and_all() -> None:
    """A version may be declared at 0 before its share grows."""
    assert set(_all({"v1": 100, "v2": 0}).values()) == {"v1"}


def test_same_version_in_another_process() -> None:
    """The version does not depend on the process, unlike Python's hash of strings."""
    code = "from prediction import version_for; print(*(version_for(f'u{n}', {'a': 50, 'b': 50}) for n in range(40)))"

    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)

    assert done.stdout.split() == [version_for(f"u{n}", {"a": 50, "b": 50}) for n in range(40)]


def test_golden_versions() -> None:
    """A change would send users to other versions: these values are a persisted format."""
    assert "".join(version_for(f"user-{n}", {"1": 50, "2": 50}, "m") for n in range(16)) == "2112222122122222"


@pytest.mark.parametrize(
    ("shares", "path"),
    [
        ({"v1": 90, "v2": 9}, "split"),
        ({"v1": 90, "v2": 11}, "split"),
        ({}, "split"),
        ({"v1": -1, "v2": 101}, "split.v1"),
        ({"v1": float("nan"), "v2": 100}, "split.v1"),
        ({"v1": True, "v2": 99}, "split.v1"),
        ({"v1": "90", "v2": 10}, "split.v1"),
    ],
)
def test_wrong_shares(shares: dict[str, float], path: str) -> None:
    """Wrong shares are rejected with their path."""
    with pytest.raises(errors.InvalidInput) as caught:
        version_for("user", shares)

    assert path in [found for found, _ in caught.value.failures]


def test_client_uses_the_version_of_its_user(wire: Wire) -> None:
    """A client uses the version of the key each time, and requires a key."""
    shares = {"v1": 50, "v2": 50}
    with Client("p", "m", split=shares, endpoint=wire.endpoint) as client:
        chosen = [client.version_for(user) for user in range(8)]
        for user in range(8):
            client.predict([1], key=user)
        with pytest.raises(errors.InvalidInput):
            client.predict([1])

    assert [path.partition("?")[0].split("/")[-1] for path, _ in wire.predicts] == [f"{v}:predict" for v in chosen]
    assert chosen == [version_for(user, shares, "projects/p/models/m") for user in range(8)]
    assert set(chosen) == {"v1", "v2"}


def test_version_and_split_exclude_each_other() -> None:
    """`version` and `split` exclude each other."""
    with pytest.raises(errors.InvalidInput):
        Client("p", "m", "v1", split={"v1": 100}, endpoint="http://127.0.0.1:1")
