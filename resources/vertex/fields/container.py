"""The serving container of a model version: ModelContainerSpec of `aiplatform` v1. All fields are fixed."""

from __future__ import annotations

from typing import TypedDict

from typing_extensions import Required

from resources.schema.serving_fields import ContainerPort, EnvVar
from resources.schema.types import Free, Input, Int64


class ProbeExecAction(TypedDict):
    """Healthy if this command ends with 0."""

    command: list[str]


class ProbeHttpHeader(TypedDict):
    """A header of a probe's request."""

    name: str
    value: str


class ProbeHttpGetAction(TypedDict, total=False):
    """Healthy if a GET returns a status from 200 to 399."""

    path: str
    port: int
    host: str
    scheme: str
    http_headers: list[ProbeHttpHeader]


class ProbeGrpcAction(TypedDict, total=False):
    """Healthy if the gRPC health service says so."""

    port: int
    service: str


class ProbeTcpSocketAction(TypedDict, total=False):
    """Healthy if the port accepts a connection."""

    port: int
    host: str


class Probe(TypedDict, total=False):
    """How the service checks a container: exactly one of the first four fields. Times are in seconds."""

    exec: ProbeExecAction
    http_get: ProbeHttpGetAction
    grpc: ProbeGrpcAction
    tcp_socket: ProbeTcpSocketAction
    period_seconds: int
    timeout_seconds: int
    failure_threshold: int
    success_threshold: int
    initial_delay_seconds: int


class ModelContainerSpec(TypedDict, total=False):
    """The container that serves. Its image must be in Artifact Registry, and is copied at upload.

    Default routes: `/v1/endpoints/E/deployedModels/D` for health checks, the same with `:predict` for predictions. The
    service sets `AIP_STORAGE_URI`, the address of its copy of the artifact, and other variables; `command` and `args`
    may refer to them, `$(AIP_STORAGE_URI)`. `deployment_timeout` is a duration in seconds, "600s".
    """

    image_uri: Required[str]
    command: list[Input[Free]]
    args: list[Input[Free]]
    env: list[EnvVar]
    ports: list[ContainerPort]
    grpc_ports: list[ContainerPort]
    predict_route: str
    health_route: str
    invoke_route_prefix: str
    deployment_timeout: str
    shared_memory_size_mb: Int64
    startup_probe: Probe
    health_probe: Probe
    liveness_probe: Probe
