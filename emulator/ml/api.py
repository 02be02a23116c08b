"""The `ml` v1 API as a whole, made from what it uses."""

from __future__ import annotations

import asyncio
from datetime import datetime

from emulator.core.calls.admission import Limits, Quota, QuotaRules
from emulator.core.operations import OperationKinds
from emulator.hosting.interfaces import JobQueue, Nodes
from emulator.ml import operation_subjects, request_log, tables
from emulator.ml.handlers.jobs import Jobs
from emulator.ml.handlers.locations import Locations
from emulator.ml.handlers.model_policies import ModelPolicies
from emulator.ml.handlers.models import Models
from emulator.ml.handlers.operations import OperationMethods
from emulator.ml.handlers.predict import METHOD, SUFFIX, Predict, PredictionRecord
from emulator.ml.handlers.project_config import ProjectConfig
from emulator.ml.handlers.versions import Versions
from emulator.ml.job_source import JobSource
from emulator.ml.operation_work import OperationWork
from emulator.ml.reports import Reports
from emulator.ml.request_log import RequestLog
from emulator.ml.resource_json import ResourceView, operation_json
from emulator.ml.saved_model_copies import SavedModelCopies
from emulator.ml.version_loader import VersionLoader
from emulator.rest import discovery
from emulator.rest.api_registration import ApiRegistration
from emulator.rest.api_services import ApiServices
from emulator.rest.discovery import Method
from emulator.rest.fast_predict import FastPredict
from resources.ml import quotas

API = operation_subjects.API
DOCUMENT = "ml.v1"
FOLDER = "models"
"""In the data folder: the versions' own copies of their SavedModels."""

HANDLERS = (Models, Versions, ModelPolicies, OperationMethods, Jobs, Locations, ProjectConfig, Predict)
"""Classes whose public coroutine methods answer the methods of their names."""

QUOTA = QuotaRules(
    is_counted=quotas.is_management,
    metric="ml.googleapis.com",
    calls="management requests",
    operation_types=("CREATE_VERSION", "DELETE_VERSION"),
    operations="creations and deletions of versions",
)


def methods() -> list[Method]:
    """The methods of the API."""
    return discovery.methods(discovery.document(DOCUMENT), proto_json=True)


def register(
    services: ApiServices,
    nodes: Nodes,
    copies: SavedModelCopies,
    queue: JobQueue,
    source: JobSource,
    *,
    limits: Limits,
    refuse_new: bool,
) -> ApiRegistration:
    """Returns the API, ready to answer.

    Args:
        services: what every API gets.
        nodes: serve the versions.
        copies: copies SavedModels from buckets.
        queue: runs batch prediction jobs.
        source: finds the models of jobs.
        limits: what is enforced of the quotas.
        refuse_new: whether new models and versions are rejected, as Google does today.
    """
    tables.prepare(services.store, services.data / FOLDER)
    parts = _Parts(services, nodes, limits)
    fast = FastPredict(
        parts.predict.route(),
        services.store,
        services.clock,
        services.access,
        services.admission,
        services.calls,
    )
    reports = Reports(services.store, parts.view, nodes, queue, parts.quota, parts.requests, parts.folder)
    return ApiRegistration(
        document=discovery.document(DOCUMENT),
        handlers=parts.handlers(copies, queue, source, refuse_new=refuse_new),
        raw_bodies=(METHOD, "ml.projects.explain"),
        operations=OperationKinds(api=operation_subjects.API, works=parts.work.works(), to_json=operation_json),
        takes=lambda match: operation_subjects.answers(services.operations, match),
        quota=parts.quota,
        fast_paths={"POST": fast.take},
        repeated=(SUFFIX.encode(),),
        resume=parts.loader.resume,
        stop=parts.loader.stop,
        close=lambda: asyncio.to_thread(parts.requests.close),
        status=reports.status,
        reports={"jobs": reports.jobs, "versions/": reports.version},
    )


class _Parts:
    """What handlers share."""

    def __init__(self, services: ApiServices, nodes: Nodes, limits: Limits) -> None:
        last_used: dict[str, datetime] = {}
        self.folder = services.data / FOLDER
        self.requests = RequestLog(services.data / request_log.FILE)
        self.quota = Quota(QUOTA, limits)
        self.view = ResourceView(services.store, nodes.failure, last_used)
        self.loader = VersionLoader(services.store, nodes, services.log, self.folder)
        self.work = OperationWork(services.store, self.loader, nodes, self.view, last_used, self.folder)
        record = PredictionRecord(services.metrics, last_used, self.requests)
        self.predict = Predict(services.store, services.clock, nodes, self.loader, record)
        self._services = services

    def handlers(
        self, copies: SavedModelCopies, queue: JobQueue, source: JobSource, *, refuse_new: bool
    ) -> tuple[object, ...]:
        """One object of each class of `HANDLERS`."""
        store, clock, operations = self._services.store, self._services.clock, self._services.operations
        return (
            Models(store, self.view, operations, self.loader.warm_up, refuse_new=refuse_new),
            Versions(store, clock, self.view, operations, self.quota, copies, self.folder, refuse_new=refuse_new),
            ModelPolicies(store),
            OperationMethods(store, operations),
            Jobs(store, queue, source),
            Locations(),
            ProjectConfig(),
            self.predict,
        )
