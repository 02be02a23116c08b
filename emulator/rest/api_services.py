"""What the emulator gives to every API."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from emulator.core.calls.admission import Admission
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
