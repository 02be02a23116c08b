"""The container of a model version, which the API takes at upload only.

Rows with `made=False` begin with a computed state: what an upload makes of a container is the same for all of them.
"""

from __future__ import annotations

from typing import Any

from tests.kinds.rows import Row
from tests.kinds.vertex.leaves import fixed_leaves
from tests.providers import State

PREBUILT: State = {"imageUri": "us-docker.pkg.dev/vertex-ai/prediction/tf2-cpu.2-15:latest"}
_SPEC: State = {
    "imageUri": "us-docker.pkg.dev/p/r/i:1",
    "command": ["serve"],
    "args": ["--port", "8080"],
    "env": [{"name": "MODE", "value": "fast"}],
    "ports": [{"containerPort": 8080}],
    "grpcPorts": [{"containerPort": 8500}],
    "predictRoute": "/predict",
    "healthRoute": "/health",
    "deploymentTimeout": "600s",
}
_CHANGED: State = {
    "imageUri": "us-docker.pkg.dev/p/r/i:2",
    "command": ["run"],
    "args": ["--port", "8081"],
    "env.name": "SPEED",
    "env.value": "slow",
    "ports.containerPort": 8081,
    "grpcPorts.containerPort": 8501,
    "predictRoute": "/v2/predict",
    "healthRoute": "/v2/health",
    "deploymentTimeout": "900s",
}
_HTTP: State = {"path": "/", "port": 80, "host": "h", "scheme": "HTTP", "httpHeaders": [{"name": "a", "value": "b"}]}
_WAYS: dict[str, tuple[State, State]] = {
    "exec": ({"command": ["a"]}, {"command": ["b"]}),
    "httpGet": (
        _HTTP,
        {
            "path": "/up",
            "port": 81,
            "host": "i",
            "scheme": "HTTPS",
            "httpHeaders.name": "c",
            "httpHeaders.value": "d",
        },
    ),
    "grpc": ({"port": 80, "service": "a"}, {"port": 81, "service": "b"}),
    "tcpSocket": ({"port": 80, "host": "h"}, {"port": 81, "host": "i"}),
}
"""How a probe asks -> its values, and each of them changed."""
_TIMES = ("periodSeconds", "timeoutSeconds", "failureThreshold", "successThreshold", "initialDelaySeconds")


def _probe(name: str) -> list[Row]:
    """Every leaf of a probe."""
    found = []
    for way, (value, edits) in _WAYS.items():
        spec = {**PREBUILT, name: {way: value}}
        changed = {f"{name}.{way}.{path}": new for path, new in edits.items()}
        found += fixed_leaves("containerSpec", spec, changed, made=False)
    times = {**PREBUILT, name: {"exec": {"command": ["a"]}, **dict.fromkeys(_TIMES, 1)}}
    return [*found, *fixed_leaves("containerSpec", times, {f"{name}.{key}": 2 for key in _TIMES}, made=False)]


def _memory(size: Any) -> State:
    return {**PREBUILT, "sharedMemorySizeMb": size}


_INVOKED = {**PREBUILT, "invokeRoutePrefix": "/*"}

ROWS = [
    Row(
        field="containerSpec",
        change="changed",
        step="refused",
        new={"containerSpec": _SPEC},
        body={"containerSpec": _SPEC},
    ),
    *fixed_leaves("containerSpec", _SPEC, _CHANGED, made=False),
    Row(
        field="containerSpec.sharedMemorySizeMb",
        change="changed",
        step="refused",
        old={"containerSpec": _memory(512)},
        new={"containerSpec": _memory(1024)},
        body={"containerSpec": _memory("1024")},
    ),
    Row(
        field="containerSpec.invokeRoutePrefix",
        change="changed",
        step="refused",
        old={"containerSpec": PREBUILT},
        new={"containerSpec": _INVOKED},
        body={"containerSpec": _INVOKED},
        outside="left alone",
    ),
    *(row for name in ("startupProbe", "healthProbe", "livenessProbe") for row in _probe(name)),
    Row(
        field="containerSpec",
        change="changed",
        note="with one field less",
        step="refused",
        old={"containerSpec": {**PREBUILT, "args": ["a"]}},
        new={"containerSpec": PREBUILT},
        body={"containerSpec": PREBUILT},
        outside="reported",
    ),
    Row(
        field="containerSpec",
        change="spelled",
        step="same",
        old={"containerSpec": _memory(512)},
        new={"containerSpec": dict(reversed(_memory(512.0).items()))},
    ),
]
