"""How a version is served: the field names in a stack file on every platform, which are those of `ml` v1."""

from __future__ import annotations

from typing import Literal, TypedDict

from typing_extensions import Required

from resources.schema.types import Free, Input


class MetricSpec(TypedDict):
    """The metric for autoscaling. `target` is a percentage, 10 to 90; the API's default is 60."""

    name: Literal["CPU_USAGE", "GPU_DUTY_CYCLE"]
    target: int


class AutoScaling(TypedDict, total=False):
    """Nodes by load, from `min_nodes` (0 only on mls1 machines, where it is the default; else 1) to `max_nodes`."""

    min_nodes: int
    max_nodes: int
    metrics: list[MetricSpec]


class ManualScaling(TypedDict):
    """A fixed number of nodes, 1 or more, which run and cost even without requests."""

    nodes: int


class EnvVar(TypedDict):
    """An environment variable of the container. A C identifier, not starting with `AIP_`."""

    name: str
    value: Input[Free]


class ContainerPort(TypedDict):
    """A port that the container listens on, 1 to 65535."""

    container_port: int


class ContainerSpec(TypedDict, total=False):
    """The user's own serving container. Its image must be in a registry of the model's region."""

    image: Required[str]
    command: list[Input[Free]]
    args: list[Input[Free]]
    env: list[EnvVar]
    ports: list[ContainerPort]


class RouteMap(TypedDict, total=False):
    """HTTP paths of the container. Default: `/v1/models/MODEL/versions/VERSION` with and without `:predict`."""

    predict: str
    health: str
