"""How a difference is written in a message."""

from __future__ import annotations

import pytest

from resources.engine import diff_messages

IMAGE = "us-central1-docker.pkg.dev/my-company-ml/serving/tensorflow:2.21.0"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("n1-standard-2", "n1-standard-4", "a is 'n1-standard-2', wanted 'n1-standard-4'"),
        (IMAGE, f"{IMAGE}-gpu", "a is '...erving/tensorflow:2.21.0', wanted '...erving/tensorflow:2.21.0-gpu'"),
        ("x" * 80, "y" * 80, f"a is '{'x' * 56}..., wanted '{'y' * 56}..."),
        (IMAGE, None, f"a is '{IMAGE[:56]}..., wanted nothing"),
    ],
)
def test_long_texts_that_begin_alike_are_shown_where_they_differ(old: object, new: object, expected: str) -> None:
    """A message has room for 60 letters of each."""
    assert expected in diff_messages.unlike({"a": old}, {"a": new}, ["a"])
