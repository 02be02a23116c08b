"""Long-running operations: how long they take, cancelling, and what a killed process leaves."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from googleapiclient.errors import HttpError

from gcp import errors
from tests.emulator.ml.caller import Caller, error_of, until
from tests.running import RunningEmulator, alive

Factory = Callable[..., RunningEmulator]


def test_operations_run_at_the_same_time(emulator_factory: Factory) -> None:
    """Sixteen operations of one second each are over before sixteen seconds are; none before one."""
    ml = Caller(emulator_factory("--operation-seconds", "1"), "p")
    models = [ml.model(f"m{number}") for number in range(16)]

    began = time.monotonic()
    operations = [ml.models.patch(name=model, updateMask="description", body={"description": "x"}) for model in models]
    started = [operation.execute() for operation in operations]
    for operation in started:
        ml.response(operation)

    assert 1 <= time.monotonic() - began < 16
    assert not any(operation.get("done") for operation in started)


def test_old_operations_are_forgotten(emulator_factory: Factory) -> None:
    """So the state does not grow for ever; what has not ended is kept, however old it is."""
    running = emulator_factory("--keep-operations", "3")
    ml = Caller(running, "p")
    model = ml.model()
    running.faults({"method": "ml.projects.models.patch", "operation": "never"})
    bodies = [{"description": str(number)} for number in range(6)]
    first, *calls = [ml.models.patch(name=model, updateMask="description", body=body) for body in bodies]

    first = first.execute()
    others = [ml.wait(call.execute()) for call in calls]

    listed = ml.operations.list(name=ml.project).execute()["operations"]
    assert [item["name"] for item in listed] == [item["name"] for item in (*reversed(others[-3:]), first)]
    running.faults()
    ml.response(first)


def test_operations_are_listed_latest_first(ml: Caller) -> None:
    """A project's operations come in pages, with their ends."""
    model = ml.model()
    for number in range(3):
        body = {"description": str(number)}
        ml.response(ml.models.patch(name=model, updateMask="description", body=body).execute())

    first = ml.operations.list(name=ml.project, pageSize=2).execute()
    second = ml.operations.list(name=ml.project, pageToken=first["nextPageToken"]).execute()

    listed = [*first["operations"], *second["operations"]]
    assert [operation["response"]["description"] for operation in listed] == ["2", "1", "0"]
    assert all("endTime" in operation["metadata"] for operation in listed)
    with pytest.raises(HttpError) as missing:
        ml.operations.get(name=f"{ml.project}/operations/none").execute()
    assert isinstance(error_of(missing.value), errors.NotFound)


@pytest.mark.tensorflow
def test_busy_versions_refuse_changes_and_creation_can_be_cancelled(emulator_factory: Factory) -> None:
    """While CREATING a version refuses update, delete and predict; cancelled, it ends FAILED with code 1."""
    ml = Caller(emulator_factory("--operation-seconds", "3600"), "p")
    model = ml.model()
    operation = ml.begin(model)
    name = f"{model}/versions/v1"

    patch = ml.versions.patch(name=name, updateMask="description", body={"description": "x"})
    for call in (patch, ml.versions.delete(name=name), ml.versions.setDefault(name=name, body={})):
        with pytest.raises(HttpError) as refused:
            call.execute()
        assert isinstance(error_of(refused.value), errors.FailedPrecondition)
    assert ml.operations.cancel(name=operation["name"]).execute() == {}
    ended = ml.wait(operation)

    assert ended["error"]["code"] == 1
    assert ended["metadata"]["isCancellationRequested"]
    assert ml.versions.get(name=name).execute()["state"] == "FAILED"


@pytest.mark.tensorflow
def test_nothing_acknowledged_is_lost_by_a_kill(emulator_factory: Factory, tmp_path: Path) -> None:
    """After kill -9, what was READY serves again, what was running goes on, and no worker process is left."""
    data = tmp_path / "data"
    killed = emulator_factory("--operation-seconds", "0.2", data=data)
    ml = Caller(killed, "p")
    model = ml.model()
    ready = ml.version(model, "ready", 2.0)
    running = ml.begin(model, "running", 3.0)
    workers = children(killed.pid)

    killed.kill()
    until(lambda: not any(map(alive, workers)), "the end of the worker processes")
    ml = Caller(emulator_factory(data=data), "p")

    assert workers
    assert ml.predict(ready["name"], [1.0]) == {"predictions": [{"y": 2.0}]}
    assert ml.response(running)["state"] == "READY"
    assert ml.predict(f"{model}/versions/running", [1.0]) == {"predictions": [{"y": 3.0}]}
    assert ml.models.get(name=model).execute()["defaultVersion"]["name"] == ready["name"]


def children(pid: int) -> list[int]:
    """All processes below a process."""
    found: list[int] = []
    for file in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, file.read_text().split()):
            found += [child, *children(child)]
    return found


def test_in_sunset_nothing_new_is_made(emulator_factory: Factory) -> None:
    """Creating answers Google's own 400; reading what is not there is still 404."""
    ml = Caller(emulator_factory("--sunset"), "p")

    versions = ml.versions.create(parent=f"{ml.project}/models/m", body={"name": "v1"})
    for call in (ml.models.create(parent=ml.project, body={"name": "m"}), versions):
        with pytest.raises(HttpError) as refused:
            call.execute()
        assert type(error_of(refused.value)) is errors.Sunset
    with pytest.raises(HttpError) as missing:
        ml.models.get(name=f"{ml.project}/models/m").execute()
    assert isinstance(error_of(missing.value), errors.NotFound)


def test_operations_are_filtered(ml: Caller) -> None:
    """By whether they are done, by type, and by page."""
    model = ml.model()
    for number in range(3):
        body = {"description": str(number)}
        ml.response(ml.models.patch(name=model, updateMask="description", body=body).execute())
    last = ml.wait(ml.models.delete(name=model).execute())["name"]

    def listed(filter_: str, **how: Any) -> list[str]:
        call = ml.operations.list(name=ml.project, filter=filter_, **how)
        found = []
        while call is not None:
            page = call.execute()
            found += [item["name"] for item in page.get("operations", [])]
            call = ml.operations.list_next(call, page)
        return found

    assert listed("done:true AND metadata.operationType=DELETE_MODEL") == [last]
    assert len(listed("metadata.operationType:UPDATE", pageSize=1)) == 3
    assert listed("done=false") == []
