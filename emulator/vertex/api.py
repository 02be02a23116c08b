"""Builds this API's registration with the emulator."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from emulator.core.calls.admission import Limits, Quota, QuotaRules
from emulator.core.operations import OperationKinds, Work
from emulator.hosting.interfaces import JobQueue, MigratableVersion, Nodes
from emulator.hosting.model_loader import ModelLoader
from emulator.http.server import FastPath
from emulator.rest import discovery
from emulator.rest.api_registration import ApiRegistration
from emulator.rest.api_services import ApiServices
from emulator.rest.discovery import Method
from emulator.rest.fast_predict import FastPredict
from emulator.vertex import methods as vertex_methods
from emulator.vertex import operation_subjects, tables
from emulator.vertex.handlers import predict
from emulator.vertex.handlers.batch_prediction_jobs import BatchPredictionJobs
from emulator.vertex.handlers.deployments import Deployments
from emulator.vertex.handlers.endpoints import Endpoints
from emulator.vertex.handlers.migratable_resources import MigratableResources
from emulator.vertex.handlers.model_versions import ModelVersions
from emulator.vertex.handlers.models import Models
from emulator.vertex.handlers.monitoring_jobs import MonitoringJobs
from emulator.vertex.handlers.operations import OperationMethods
from emulator.vertex.handlers.predict import Predict
from emulator.vertex.handlers.resource_pools import ResourcePools
from emulator.vertex.reports import Reports
from emulator.vertex.resource_json import ResourceView
from emulator.vertex.serving.artifacts import Artifacts
from emulator.vertex.serving.deployed_loader import DeployedLoader
from emulator.vertex.serving.traffic import Traffic
from emulator.vertex.work.deployment_work import DeploymentWork
from emulator.vertex.work.migration_work import MigrationWork
from emulator.vertex.work.registry_work import RegistryWork
from emulator.vertex.work.resource_work import ResourceWork

Versions = Callable[[], Sequence[MigratableVersion]]
"""Returns the versions that can be migrated."""

API = vertex_methods.API
FOLDER = "vertex-models"
"""Folder in the data folder for the versions' copies of their artifacts."""

HANDLERS = (
    *(Models, ModelVersions, Endpoints, Deployments, Predict),
    *(ResourcePools, MonitoringJobs, BatchPredictionJobs, MigratableResources, OperationMethods),
)
"""Classes whose public coroutine methods are handlers, named after the API methods that they answer."""

_PREDICTIONS = ("predict", "rawPredict", "streamRawPredict")
QUOTA = QuotaRules(
    is_counted=lambda method: method.startswith("aiplatform.") and method.rpartition(".")[2] not in _PREDICTIONS,
    metric="aiplatform.googleapis.com",
    calls="management requests",
    operation_types=(),
    operations="operations",
)
_ADDRESS = r"/(v1|v1beta1|ui)/projects/[^/]+/locations/.*"
_UNKNOWN = "This method of aiplatform is not emulated; see docs/reference/emulator-methods.md."


@dataclass(frozen=True, kw_only=True)
class Delays:
    """Delays that the service has.

    Attributes:
        split_seconds: seconds until a new traffic split takes effect.
        release_seconds: seconds after undeploying in which a version cannot be deleted.
    """

    split_seconds: float = 0.0
    release_seconds: float = 0.0


def methods() -> list[Method]:
    """The methods of the API's stable version."""
    return discovery.methods(vertex_methods.document(vertex_methods.STABLE), proto_json=True)


def register(
    services: ApiServices,
    nodes: Nodes,
    artifacts: Artifacts,
    queue: JobQueue,
    versions: Versions,
    *,
    limits: Limits,
    delays: Delays,
    most_replicas: int,
) -> ApiRegistration:
    """Returns the API, ready to answer.

    Args:
        services: shared services that every API gets.
        nodes: serve the deployed models.
        artifacts: the versions' own copies of their artifacts, in `FOLDER` of the data folder.
        queue: runs batch prediction jobs.
        versions: versions of other APIs that can be migrated.
        limits: the enforced quotas.
        delays: delays of the service.
        most_replicas: limit on the sum of the maximum replica counts of a location; 0 for no limit.
    """
    tables.prepare(services.store, services.data / FOLDER)
    parts = _Parts(services, nodes, artifacts, queue, versions, limits, delays, most_replicas)
    stable, beta = (vertex_methods.document(version) for version in vertex_methods.VERSIONS)
    return ApiRegistration(
        document=stable,
        other_versions=(beta,),
        more_methods=vertex_methods.polled(),
        handlers=parts.handlers(),
        unknown_address=_UNKNOWN,
        owns=lambda path: re.fullmatch(_ADDRESS, path) is not None,
        raw_bodies=(vertex_methods.PREDICT, vertex_methods.RAW_PREDICT, vertex_methods.STREAM_RAW_PREDICT),
        operations=OperationKinds(api=vertex_methods.API, works=parts.works(), to_json=operation_subjects.to_json),
        quota=parts.quota,
        fast_paths={"POST": parts.fast_path()},
        repeated=tuple(suffix.encode() for suffix in predict.SUFFIXES),
        resume=parts.loader.resume,
        stop=parts.models.stop,
        status=Reports(services.store, nodes.nodes, nodes.failure, parts.quota).status,
    )


class _Parts:
    """Objects that handlers share."""

    def __init__(
        self,
        services: ApiServices,
        nodes: Nodes,
        artifacts: Artifacts,
        queue: JobQueue,
        versions: Versions,
        limits: Limits,
        delays: Delays,
        most_replicas: int,
    ) -> None:
        store, clock = services.store, services.clock
        self.artifacts, self._queue, self._versions = artifacts, queue, versions
        self._services, self._delays, self._most_replicas = services, delays, most_replicas
        self.quota = Quota(QUOTA, limits)
        self.view = ResourceView(store, nodes.nodes, nodes.failure)
        self.models = ModelLoader(nodes, services.log)
        self.traffic = Traffic(store, clock, delays.split_seconds)
        self.loader = DeployedLoader(store, nodes, self.models, artifacts)
        self.predict = Predict(store, clock, nodes, self.models, self.traffic, services.metrics)

    def handlers(self) -> tuple[object, ...]:
        """One object of each class of `HANDLERS`."""
        store, clock, operations = self._services.store, self._services.clock, self._services.operations
        release = self._delays.release_seconds
        return (
            Models(store, clock, self.view, operations, self.models.warm_up),
            ModelVersions(store, clock, self.view, operations, release_seconds=release),
            Endpoints(store, clock, self.view, operations, self.traffic),
            Deployments(
                store,
                clock,
                operations,
                self.traffic,
                self._services.admission.faults,
                most_replicas=self._most_replicas,
            ),
            self.predict,
            ResourcePools(store, self.view, operations),
            MonitoringJobs(store, clock, operations),
            BatchPredictionJobs(store, self._queue, operations),
            MigratableResources(store, operations, self._versions),
            OperationMethods(store, operations),
        )

    def works(self) -> dict[str, Work]:
        """Type of an operation -> its work."""
        store, clock = self._services.store, self._services.clock
        registry = RegistryWork(store, clock, self.artifacts, self.traffic)
        deployment = DeploymentWork(store, clock, self.view, self.loader, self.models, self.traffic)
        resources = ResourceWork(store, clock, self.loader, self._queue)
        migration = MigrationWork(store, clock, self.artifacts, self._versions)
        return {**registry.works(), **deployment.works(), **resources.works(), **migration.works()}

    def fast_path(self) -> FastPath:
        """The fast path of predictions that need only a node."""
        given = self._services
        paths = [
            FastPredict(route, given.store, given.clock, given.access, given.admission, given.calls).take
            for route in self.predict.routes()
        ]
        return lambda exchange: next((taken for take in paths if (taken := take(exchange)) is not False), False)
