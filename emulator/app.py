"""What handlers use: the store, the clock, the settings, the worker processes. Nothing of it is global."""

from __future__ import annotations

import asyncio
import functools
import ipaddress
import shutil
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from emulator.batch import job_tables
from emulator.batch.job_queue import Jobs
from emulator.core import iam_policies
from emulator.core.admission import Quota
from emulator.core.clock import Clock
from emulator.core.faults import Faults, Rule
from emulator.core.log import Log
from emulator.core.metrics import Metrics
from emulator.core.operations import Operations
from emulator.core.store import Store
from emulator.http.caller_access import Access
from emulator.ml import operation_work, prediction_envelope, request_log
from emulator.ml import tables as ml_tables
from emulator.ml.request_log import RequestLog
from emulator.ml.version_loader import Deployments
from emulator.rest import discovery, json_body
from emulator.serving import Serving, sandbox
from emulator.settings import BARE, Settings
from emulator.storage import api as storage_api
from emulator.storage.api import StorageApi


@dataclass(kw_only=True)
class Emulator:
    """One running emulator.

    Attributes:
        store: the database.
        data: the folder that holds everything that survives.
        settings: how it behaves.
        serving: the nodes.
        log: the log file.
        calls: method id -> how often it was called since the start.
        faults: what is to go wrong; nothing, unless somebody asks.
        access: who may call.
        metrics: how the versions answered in the last minute, and the calls that came last.
        quota: counts what Google's quotas are about, and enforces what `settings` say.
        requests: samples of predictions, for versions that ask for it.
        last_used: version -> when it last answered a prediction; forgotten when the process ends.
        clock: the one clock; durations are measured without it.
        started: when that was, in seconds of `time.monotonic`.
        operations: the long-running operations.
        deployments: the versions that are loaded.
        jobs: the batch prediction jobs.
        storage: Cloud Storage.
    """

    store: Store
    data: Path
    settings: Settings
    serving: Serving
    log: Log
    calls: Counter[str] = field(default_factory=Counter)
    faults: Faults = field(default_factory=Faults)
    metrics: Metrics = field(default_factory=Metrics)
    last_used: dict[str, datetime] = field(default_factory=dict)
    clock: Clock = field(default_factory=Clock)
    started: float = field(default_factory=time.monotonic)
    requests: RequestLog = field(init=False)
    quota: Quota = field(init=False)
    access: Access = field(init=False)
    operations: Operations = field(init=False)
    deployments: Deployments = field(init=False)
    jobs: Jobs = field(init=False)
    storage: StorageApi = field(init=False)

    def __post_init__(self) -> None:
        self.requests = RequestLog(self.data / request_log.FILE)
        self.quota = Quota(self.settings.quota)
        self.access = self.settings.access
        self.operations = Operations(self, operation_work.WORKS)
        self.deployments = Deployments(self)
        self.jobs = Jobs(self)
        self.storage = storage_api.register(
            self.store,
            self.clock,
            self.data / "objects",
            loopback=ipaddress.ip_address(self.settings.host).is_loopback,
            parse_metadata=_parse_metadata,
        )

    @classmethod
    def open(cls, data: Path, settings: Settings, clock: Clock | None = None) -> Emulator:
        """An emulator on the state in `data`, which is made where it is missing. `start` brings it to life."""
        data.mkdir(parents=True, exist_ok=True)
        emulator = cls(
            store=Store(data / "state.sqlite3"),
            data=data,
            settings=settings,
            serving=Serving(
                sandbox=sandbox.chosen(settings.sandbox),
                idle=settings.idle_seconds,
                style=prediction_envelope.style(single_output_bare=settings.single_output == BARE),
            ),
            log=Log(data / "log"),
            clock=clock or Clock(),
        )
        emulator.store.declare(iam_policies.TABLES)
        ml_tables.prepare(emulator)
        job_tables.prepare(emulator)
        return emulator

    def admit(self, method: str) -> Rule | None:
        """Counts a call of a method; returns the fault that meets it. Raises `ResourceExhausted` beyond a quota."""
        self.calls[method] += 1
        self.quota.call(method)
        return self.faults.take(method)

    def now(self) -> datetime:
        """The time in UTC, which never goes back."""
        return self.clock.now()

    async def start(self) -> None:
        """Serves again what was READY, and goes on with the operations and jobs that had not ended."""
        self.deployments.resume()
        self.operations.resume()
        self.jobs.resume()

    async def stop(self) -> None:
        """Ends every task and process. Operations and jobs that have not ended go on at the next start."""
        await self.jobs.stop()
        await self.operations.stop()
        await self.deployments.stop()
        await self.serving.stop()
        await asyncio.to_thread(self.requests.close)
        self.store.close()
        self.log.close()

    async def remove_folder(self, folder: Path) -> None:
        """Removes a folder of this emulator; one that is gone already is fine."""
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


def _parse_metadata(content: bytes) -> dict[str, Any]:
    """Returns the metadata of an upload, checked as the body of `storage.objects.insert`. Raises `InvalidArgument`."""
    return json_body.parse(_insert_method(), content)


@functools.cache
def _insert_method() -> discovery.Method:
    return next(method for method in discovery.methods() if method.id == "storage.objects.insert")
