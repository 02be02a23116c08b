"""The table of kinds is whole."""

from __future__ import annotations

import pytest

from resources.stack import IdentityProvider
from tests.kinds.kind import USES, Kind
from tests.kinds.table import KINDS
from tests.providers import all_providers

NOT_AT_AN_API = {IdentityProvider}
"""The stack's identity is in its state only."""


def test_every_resource_is_in_the_table() -> None:
    """One that is added is tested for its contract, its changes, drift and faults."""
    assert {kind.provider for kind in KINDS.values()} == all_providers() - NOT_AT_AN_API


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_what_a_kind_lacks_has_a_reason(kind: Kind) -> None:
    """No test is left out without a word."""
    assert set(kind.without) == {use for use in USES if not getattr(kind, use)}
    assert all(kind.without.values())
