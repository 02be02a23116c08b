"""Google's quotas: counted always, enforced where it is asked for."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from googleapiclient.errors import HttpError

from emulator.core.calls.admission import Limits, Quota
from emulator.ml.api import QUOTA
from gcp import errors
from tests.emulator.ml.caller import Caller, error_of
from tests.running import RunningEmulator

Start = Callable[..., RunningEmulator]
GET = "ml.projects.models.get"


def test_a_call_too_many_is_refused_until_the_first_is_a_minute_old() -> None:
    """Any minute counts. What was refused is not counted; neither are predictions, nor another service's calls."""
    now = [100.0]
    quota = Quota(QUOTA, Limits(calls=2), clock=lambda: now[0])

    quota.call(GET)
    now[0] += 50
    for method in (GET, "ml.projects.predict", "storage.objects.get"):
        quota.call(method)
    for _ in range(2):
        with pytest.raises(errors.ResourceExhausted) as refused:
            quota.call(GET)
    now[0] += 10
    quota.call(GET)

    assert refused.value.retry_after == 10
    assert quota.to_json() == {"mostCalls": 2, "mostOperations": 0, "refused": 2}


def test_calls_beyond_the_quota_are_told_when_to_come_again(emulator_factory: Start, project: str) -> None:
    """429, as Google answers, with `Retry-After` in whole seconds; the status shows what was counted."""
    emulator = emulator_factory("--quota-calls", "3", "--quota-seconds", "600")
    caller = Caller(emulator, project)
    caller.model()
    listed = caller.models.list(parent=caller.project)
    listed.execute()
    listed.execute()

    with pytest.raises(HttpError) as refused:
        listed.execute()

    assert isinstance(error_of(refused.value), errors.ResourceExhausted)
    assert 500 <= int(refused.value.resp["retry-after"]) <= 600
    assert emulator.status()["settings"]["quota"] == {"calls": 3, "seconds": 600, "operations": 0}
    assert emulator.status()["quota"] == {"mostCalls": 3, "mostOperations": 0, "refused": 1}


@pytest.mark.tensorflow
def test_versions_beyond_the_quota_are_not_begun(emulator_factory: Start, project: str) -> None:
    """Neither created nor deleted; nothing is left of the one that was refused. Other operations are not counted."""
    emulator = emulator_factory("--quota-operations", "2")
    caller = Caller(emulator, project)
    model = caller.model()
    for name in ("v0", "v1"):
        caller.version(model, name)
    emulator.faults({"method": "ml.projects.models.versions.create", "operation": "never", "times": 2})
    caller.begin(model, "v2")
    caller.begin(model, "v3")

    for begin in (lambda: caller.begin(model, "v4"), caller.versions.delete(name=f"{model}/versions/v1").execute):
        with pytest.raises(HttpError) as refused:
            begin()
        assert isinstance(error_of(refused.value), errors.ResourceExhausted)
        assert refused.value.resp["retry-after"] == "1"

    caller.wait(caller.models.patch(name=model, updateMask="description", body={"description": "x"}).execute())
    emulator.faults()
    names = [item["name"] for item in caller.versions.list(parent=model).execute()["versions"]]
    assert [name.rpartition("/")[2] for name in names] == ["v0", "v1", "v2", "v3"]
    assert emulator.status()["quota"]["mostOperations"] == 2
