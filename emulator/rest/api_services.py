"""What the emulator gives to every API."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from emulator.core import iam_policies, operations
from emulator.core.calls.admission import Admission
from emulator.core.calls.faults import Faults
from emulator.core.calls.metrics import Metrics
from emulator.core.clock import Clock
from emulator.core.log import Log
from emulator.core.operations import Operations
from emulator.core.store import Store
from emulator.http.caller_access import Access
from emulator.rest.call_log import CallLog


@dataclass(frozen=True, kw_only=True)
class ApiServices:
    """What an API is made from. Its parts take only what they use of it.

    Attributes:
        store: the database.
        data: the data folder.
        clock: the one clock; durations are measured without it.
        log: the log file.
        operations: the long-running operations.
        metrics: counts predictions by version, and keeps the latest calls.
        access: checks who calls.
        admission: counts calls, and injects faults.
        calls: records calls that have ended.
    """

    store: Store
    data: Path
    clock: Clock
    log: Log
    operations: Operations
    metrics: Metrics
    access: Access
    admission: Admission
    calls: CallLog


def open_services(
    data: Path,
    clock: Clock,
    access: Access,
    *,
    operation_seconds: float,
    keep_operations: int,
    is_hidden: Callable[[str], bool],
) -> ApiServices:
    """The services on the state in a folder.

    Args:
        data: the data folder; it must exist.
        clock: the one clock.
        access: checks who calls.
        operation_seconds: an operation ends no sooner than this after its start.
        keep_operations: how many operations that have ended are kept.
        is_hidden: whether a path is one of the emulator's own pages, see `CallLog`.

    Raises:
        Error: a newer version of this program wrote the folder.
    """
    store, log, faults, metrics = Store(data / "state.sqlite3"), Log(data / "log"), Faults(), Metrics()
    store.declare(iam_policies.TABLES + operations.TABLES)
    return ApiServices(
        store=store,
        data=data,
        clock=clock,
        log=log,
        operations=Operations(store, clock, faults, log, least_seconds=operation_seconds, keep=keep_operations),
        metrics=metrics,
        access=access,
        admission=Admission(faults),
        calls=CallLog(log, metrics, is_hidden),
    )
