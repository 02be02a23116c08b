"""The composition root: makes an emulator from its parts. Only this module imports every domain."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from emulator.admin_endpoints import AdminEndpoints
from emulator.batch.job_queue import JobQueue
from emulator.console.pages import Console
from emulator.core import iam_policies, operations
from emulator.core.calls.admission import Admission
from emulator.core.calls.faults import Faults
from emulator.core.calls.metrics import Metrics
from emulator.core.clock import Clock
from emulator.core.log import Log
from emulator.core.operations import Operations
from emulator.core.store import Store
from emulator.http.server import Front
from emulator.ml import api as ml_api
from emulator.ml import prediction_envelope
from emulator.ml.job_source import JobSource
from emulator.ml.saved_model_copies import SavedModelCopies
from emulator.rest import error_body
from emulator.rest.api_registration import ApiRegistration, Apis
from emulator.rest.api_services import ApiServices
from emulator.rest.call_log import CallLog
from emulator.rest.dispatcher import Dispatcher
from emulator.serving import Serving, sandbox
from emulator.settings import BARE, Settings
from emulator.storage import api as storage_api

Register = Callable[[ApiServices], ApiRegistration]
"""Makes an API."""


class Emulator:
    """One running emulator.

    Args:
        data: the folder that holds everything that survives; it is made if it does not exist.
        settings: how it behaves.
        clock: the one clock.
        more: further APIs.

    Attributes:
        dispatcher: answers calls.
        log: the log file.

    Raises:
        Error: a newer version of this program wrote the folder, or the settings cannot be used.
    """

    def __init__(
        self, data: Path, settings: Settings, clock: Clock | None = None, more: Sequence[Register] = ()
    ) -> None:
        data.mkdir(parents=True, exist_ok=True)
        self.data, self.settings, self.clock = data, settings, clock or Clock()
        self.store, self.log = Store(data / "state.sqlite3"), Log(data / "log")
        self.serving = _nodes(settings)
        services = self._services()
        self._operations = services.operations
        self.storage = storage_api.register(services, loopback=ipaddress.ip_address(settings.host).is_loopback)
        copies = SavedModelCopies(self.storage.objects)
        source = JobSource(self.store, copies, data / ml_api.FOLDER)
        self._queue = JobQueue(
            self.store,
            self.clock,
            self.log,
            folder=data / "jobs",
            nodes=self.serving,
            buckets=self.storage.objects,
            spec_of=source.spec_of,
        )
        ml = ml_api.register(
            services,
            self.serving,
            copies,
            self._queue,
            source,
            limits=settings.quota,
            refuse_new=settings.sunset,
        )
        self._apis = Apis([ml, self.storage.registration, *(register(services) for register in more)])
        self._admit_all(services)
        self.dispatcher = self._dispatcher(services)

    def _services(self) -> ApiServices:
        faults, metrics = Faults(), Metrics()
        self.store.declare(iam_policies.TABLES + operations.TABLES)
        return ApiServices(
            store=self.store,
            data=self.data,
            clock=self.clock,
            log=self.log,
            operations=Operations(
                self.store,
                self.clock,
                faults,
                self.log,
                least_seconds=self.settings.operation_seconds,
                keep=self.settings.keep_operations,
            ),
            metrics=metrics,
            access=self.settings.access,
            admission=Admission(faults),
            calls=CallLog(self.log, metrics, _is_own_page),
        )

    def _admit_all(self, services: ApiServices) -> None:
        for api in self._apis.all:
            if api.operations:
                services.operations.register(api.operations)
            if api.quota:
                services.admission.limit(api.quota)

    def _dispatcher(self, services: ApiServices) -> Dispatcher:
        admin = AdminEndpoints(self._apis, services.admission, services.metrics, services.operations, self._facts)
        return Dispatcher(
            self._apis,
            [Console(), admin],
            access=services.access,
            admission=services.admission,
            calls=services.calls,
            log=self.log,
        )

    def _facts(self) -> dict[str, Any]:
        return {"settings": self.settings.shown(), "sandbox": list(self.serving.sandbox)}

    def front(self) -> Front:
        """The server that answers calls."""
        return Front(
            self.dispatcher.answer,
            self.dispatcher.fast_path,
            seconds=self.settings.client_seconds,
            error_body=error_body.early,
            repeated=tuple(target for api in self._apis.all for target in api.repeated),
        )

    async def start(self) -> None:
        """Serves again what was ready, and resumes the operations and jobs that had not ended."""
        for api in self._apis.all:
            api.resume()
        self._operations.resume()
        self._queue.resume()

    async def stop(self) -> None:
        """Ends every task and process. Operations and jobs that have not ended resume at the next start."""
        await self._queue.stop()
        await self._operations.stop()
        for api in self._apis.all:
            await api.stop()
        await self.serving.stop()
        for api in self._apis.all:
            await api.close()
        self.store.close()
        self.log.close()


def _nodes(settings: Settings) -> Serving:
    return Serving(
        sandbox=sandbox.chosen(settings.sandbox),
        idle=settings.idle_seconds,
        style=prediction_envelope.style(single_output_bare=settings.single_output == BARE),
    )


def _is_own_page(path: str) -> bool:
    return Console().owns(path) or path.startswith("/-/")
