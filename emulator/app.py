"""The composition root: makes an emulator from its parts. Only this module imports every domain."""

from __future__ import annotations

import ipaddress
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from emulator import admin_endpoints
from emulator.admin_endpoints import AdminEndpoints
from emulator.batch.job_queue import JobQueue
from emulator.console.pages import Console
from emulator.core.clock import Clock
from emulator.core.job_spec import JobSpec
from emulator.http.server import HttpServer
from emulator.ml import api as ml_api
from emulator.ml import prediction_envelope
from emulator.ml.job_source import JobSource
from emulator.ml.migratable_versions import migratable
from emulator.ml.saved_model_copies import SavedModelCopies
from emulator.rest import error_body
from emulator.rest.api_registration import ApiRegistration, Apis
from emulator.rest.api_services import ApiServices, open_services
from emulator.rest.dispatcher import Dispatcher
from emulator.serving import Serving, sandbox
from emulator.settings import BARE, Settings
from emulator.storage import api as storage_api

Register = Callable[[ApiServices], ApiRegistration]
"""Makes an API."""

_CONSOLE = Console()


class Emulator:
    """One running emulator.

    Args:
        data: the folder that holds everything that survives; it is made if it does not exist.
        settings: how it behaves.
        clock: the one clock.
        more: further APIs.
        with_vertex: whether it implements Vertex AI. If not, nothing of it is imported; the folder must have nothing
            of it.

    Attributes:
        dispatcher: answers calls.
        log: the log file.
        storage: Cloud Storage.

    Raises:
        Error: a newer version of this program wrote the folder, or the settings cannot be used.
    """

    def __init__(
        self,
        data: Path,
        settings: Settings,
        clock: Clock | None = None,
        more: Sequence[Register] = (),
        *,
        with_vertex: bool = True,
    ) -> None:
        data.mkdir(parents=True, exist_ok=True)
        self._settings, self._nodes = settings, _nodes(settings)
        self._services = services = open_services(
            data,
            clock or Clock(),
            settings.access,
            operation_seconds=settings.operation_seconds,
            keep_operations=settings.keep_operations,
            is_hidden=lambda path: _CONSOLE.owns(path) or path.startswith(admin_endpoints.PREFIX),
        )
        self.log = services.log
        self.storage = storage_api.register(services, loopback=ipaddress.ip_address(settings.host).is_loopback)
        self._job_specs: dict[str, Callable[[sqlite3.Row], JobSpec]] = {}
        self._queue = self._job_queue()
        platforms = [self._ml(), *([self._vertex()] if with_vertex else [])]
        self._apis = Apis([*platforms, self.storage.registration, *(register(services) for register in more)])
        self.dispatcher = self._dispatcher()

    def _job_queue(self) -> JobQueue:
        services = self._services
        return JobQueue(
            services.store,
            services.clock,
            services.log,
            folder=services.data / "jobs",
            nodes=self._nodes,
            buckets=self.storage.objects,
            spec_of=lambda row: self._job_specs[row["api"]](row),
        )

    def _ml(self) -> ApiRegistration:
        services, settings = self._services, self._settings
        copies = SavedModelCopies(self.storage.objects)
        source = JobSource(services.store, copies, services.data / ml_api.FOLDER)
        self._job_specs[ml_api.API] = source.spec_of
        return ml_api.register(
            services,
            self._nodes,
            copies,
            self._queue,
            source,
            limits=settings.quota,
            refuse_new=settings.sunset,
        )

    def _vertex(self) -> ApiRegistration:
        # Imported here: an emulator without it imports nothing of it.
        from emulator.vertex import api as vertex_api
        from emulator.vertex.serving.artifacts import Artifacts
        from emulator.vertex.work import job_source

        services, settings = self._services, self._settings
        artifacts = Artifacts(self.storage.objects, services.data / vertex_api.FOLDER)
        self._job_specs[vertex_api.API] = job_source.JobSource(services.store, artifacts).spec_of
        return vertex_api.register(
            services,
            self._nodes,
            artifacts,
            self._queue,
            partial(migratable, services.store, services.data / ml_api.FOLDER),
            limits=replace(settings.quota, operations=0),
            delays=vertex_api.Delays(split_seconds=settings.split_seconds, release_seconds=settings.release_seconds),
            most_replicas=settings.most_replicas,
        )

    def _dispatcher(self) -> Dispatcher:
        services, apis = self._services, self._apis
        for api in apis.all:
            if api.operations:
                services.operations.register(api.operations)
            if api.quota:
                services.admission.limit(api.quota)
        admin = AdminEndpoints(apis, services.admission, services.metrics, services.operations, self._facts)
        return Dispatcher(
            apis,
            [_CONSOLE, admin],
            access=services.access,
            admission=services.admission,
            calls=services.calls,
            log=services.log,
        )

    def _facts(self) -> dict[str, Any]:
        return {"settings": self._settings.shown(), "sandbox": list(self._nodes.sandbox)}

    def server(self) -> HttpServer:
        """The server that answers calls."""
        return HttpServer(
            self.dispatcher.answer,
            self.dispatcher.fast_path,
            seconds=self._settings.client_seconds,
            error_body=error_body.early,
            repeated=tuple(target for api in self._apis.all for target in api.repeated),
        )

    async def start(self) -> None:
        """Serves again what was ready, and resumes the operations and jobs that had not ended."""
        for api in self._apis.all:
            api.resume()
        self._services.operations.resume()
        self._queue.resume()

    async def stop(self) -> None:
        """Ends every task and process. Operations and jobs that have not ended resume at the next start."""
        await self._queue.stop()
        await self._services.operations.stop()
        for api in self._apis.all:
            await api.stop()
        await self._nodes.stop()
        for api in self._apis.all:
            await api.close()
        self._services.store.close()
        self.log.close()


def _nodes(settings: Settings) -> Serving:
    return Serving(
        sandbox=sandbox.chosen(settings.sandbox),
        idle=settings.idle_seconds,
        style=prediction_envelope.style(single_output_bare=settings.single_output == BARE),
    )
