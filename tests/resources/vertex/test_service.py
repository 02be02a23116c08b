"""What Vertex AI's own errors mean to a user."""

from __future__ import annotations

import pytest

from gcp import errors
from resources.vertex.service import VERTEX

_QUOTA = "Ask for more of this quota"
_ACT_AS = "These credentials may not run containers as that service account"


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        (
            errors.ResourceExhausted("The following quotas are exceeded: CustomModelServingT4GPUsPerProjectPerRegion"),
            _QUOTA,
        ),
        (
            errors.OperationFailed("The following quotas are exceeded: CustomModelServingCPUsPerProjectPerRegion", 8),
            _QUOTA,
        ),
        (errors.PermissionDenied("Permission 'iam.serviceaccounts.actAs' denied on service account s"), _ACT_AS),
        (errors.InvalidArgument("You do not have permission to act as service_account: s"), _ACT_AS),
        (errors.ResourceExhausted("Quota exceeded for 'Resource management requests per minute'"), ""),
        (errors.OperationFailed("Bad model detected.", 3), ""),
        (errors.NotFound("a fact as such"), ""),
    ],
    ids=lambda value: str(value)[:40],
)
def test_an_error_that_says_what_is_lacking_has_its_own_advice(error: errors.Error, advice: str) -> None:
    """A quota of machines, and a service account; others have the usual advice."""
    found = VERTEX.hint(error)

    assert found.startswith(advice)
    assert bool(found) is bool(advice)
