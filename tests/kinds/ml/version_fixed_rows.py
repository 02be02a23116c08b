"""The fields of a Version that the API takes at `create` only.

Rows with `made=False` start from what the emulator does not serve (containers, custom routines); those with an
`answer` end there. Their difference and the body of their `create` hold all the same.
"""

from __future__ import annotations

from typing import Any

from gcp import errors
from tests.kinds.rows import Row, Sent, fixed
from tests.providers import State

_N1_GPU = "NVIDIA_TESLA_T4"
_FIELDS_OF_GOOGLE: State = {"runtimeVersion": None, "pythonVersion": None}
_CONTAINER: State = {
    "image": "us-docker.pkg.dev/p/r/i:1",
    "command": ["serve"],
    "args": ["--port", "8080"],
    "env": [{"name": "MODE", "value": "fast"}],
    "ports": [{"containerPort": 8080}],
}
_ROUTES: State = {"predict": "/predict", "health": "/health"}
_OF_CONTAINER: State = {**_FIELDS_OF_GOOGLE, "container": _CONTAINER}
_ROUTINE: State = {"machineType": "mls1-c1-m2", "predictionClass": "a.B", "packageUris": ["gs://<bucket>/a.tar.gz"]}
_NOT_SERVED: dict[str, Any] = {"made": False, "answer": errors.InvalidArgument}


def _inside(path: str, old: State, new: State, api: State | None = None, **more: Any) -> Row:
    """A leaf of an object that is fixed as a whole."""
    name, base, body = path.partition(".")[0], more.pop("base", {}), more.pop("body", {})
    return Row(
        field=path,
        change=more.pop("change", "changed"),
        step="refused",
        old={**base, name: old},
        new={name: new},
        body={**body, name: api or new},
        **more,
    )


def _container(path: str, new: State, **more: Any) -> Row:
    facts = {"base": _FIELDS_OF_GOOGLE, "body": _FIELDS_OF_GOOGLE, **_NOT_SERVED, **more}
    return _inside(f"container.{path}", _CONTAINER, {**_CONTAINER, **new}, **facts)


def _explained(path: str, old: State, new: State) -> Row:
    return _inside(f"explanationConfig.{path}", old, new)


_ACCELERATOR = [
    *fixed(
        "acceleratorConfig",
        {"count": 1, "type": _N1_GPU},
        {"count": 2, "type": _N1_GPU},
        api={"count": "2", "type": _N1_GPU},
    ),
    _inside(
        "acceleratorConfig.count",
        {"count": 1, "type": _N1_GPU},
        {"count": 4, "type": _N1_GPU},
        {"count": "4", "type": _N1_GPU},
    ),
    _inside(
        "acceleratorConfig.type",
        {"count": 1, "type": _N1_GPU},
        {"count": 1, "type": "NVIDIA_TESLA_P4"},
        {"count": "1", "type": "NVIDIA_TESLA_P4"},
    ),
    Row(
        field="acceleratorConfig",
        change="spelled",
        step="same",
        old={"acceleratorConfig": {"count": 1, "type": _N1_GPU}},
        new={"acceleratorConfig": {"type": _N1_GPU, "count": 1.0}},
    ),
]

_CPU, _SCALED = {"name": "CPU_USAGE", "target": 50}, {"minNodes": 1, "maxNodes": 2}
_METRICS = [
    _inside(
        f"autoScaling.metrics.{key}", {**_SCALED, "metrics": [_CPU]}, {**_SCALED, "metrics": [{**_CPU, key: value}]}
    )
    for key, value in (("name", "GPU_DUTY_CYCLE"), ("target", 60))
]
_SCALING = [
    *_METRICS,
    _inside("autoScaling.metrics", _SCALED, {**_SCALED, "metrics": [_CPU]}, change="given"),
    Row(
        field="autoScaling.metrics",
        change="taken away",
        outside="reported",
        step="same",
        old={"autoScaling": {**_SCALED, "metrics": [_CPU]}},
        new={"autoScaling": _SCALED},
    ),
    Row(
        field="autoScaling.metrics",
        change="spelled",
        step="same",
        old={"autoScaling": {**_SCALED, "metrics": [_CPU]}},
        new={"autoScaling": {**_SCALED, "metrics": [{"target": 50.0, "name": "CPU_USAGE"}]}},
    ),
    Row(
        field="manualScaling",
        change="given",
        note="in the place of automatic scaling",
        outside="reported",
        step="refused",
        new={"autoScaling": None, "manualScaling": {"nodes": 1}},
        body={"autoScaling": None, "manualScaling": {"nodes": 1}},
    ),
    Row(
        field="manualScaling",
        change="given",
        note="where automatic scaling was the API's default",
        step="refused",
        old={"autoScaling": None},
        new={"manualScaling": {"nodes": 1}},
        body={"autoScaling": None, "manualScaling": {"nodes": 1}},
    ),
    Row(
        field="autoScaling",
        change="given",
        note="in the place of manual scaling",
        outside="reported",
        step="refused",
        old={"autoScaling": None, "manualScaling": {"nodes": 1}},
        new={"autoScaling": _SCALED, "manualScaling": None},
    ),
]

_CONTAINERS = [
    *fixed(
        "container",
        _CONTAINER,
        {"image": "us-docker.pkg.dev/p/r/i:2"},
        base=_FIELDS_OF_GOOGLE,
        body=_FIELDS_OF_GOOGLE,
        **_NOT_SERVED,
    ),
    _container("image", {"image": "us-docker.pkg.dev/p/r/i:2"}),
    _container("command", {"command": ["other"]}),
    _container("args", {"args": ["--port", "80"]}),
    _container("env.name", {"env": [{"name": "SPEED", "value": "fast"}]}),
    _container("env.value", {"env": [{"name": "MODE", "value": "slow"}]}),
    _container("ports.containerPort", {"ports": [{"containerPort": 80}]}),
    _inside(
        "container.command",
        _CONTAINER,
        {key: value for key, value in _CONTAINER.items() if key != "command"},
        change="taken away",
        note="of a value that is fixed as a whole",
        base=_FIELDS_OF_GOOGLE,
        body=_FIELDS_OF_GOOGLE,
        **_NOT_SERVED,
    ),
    Row(
        field="container",
        change="spelled",
        step="same",
        old=_OF_CONTAINER,
        new={"container": dict(reversed({**_CONTAINER, "ports": [{"containerPort": 8080.0}]}.items()))},
        made=False,
    ),
    *fixed("routes", _ROUTES, {"predict": "/p"}, base=_OF_CONTAINER, body=_OF_CONTAINER, **_NOT_SERVED),
    *(
        _inside(
            f"routes.{key}", _ROUTES, {**_ROUTES, key: "/other"}, base=_OF_CONTAINER, body=_OF_CONTAINER, **_NOT_SERVED
        )
        for key in _ROUTES
    ),
    *fixed("serviceAccount", "a@p.iam", "b@p.iam", base=_OF_CONTAINER, body=_OF_CONTAINER, **_NOT_SERVED),
]

_ROUTINES = [
    *fixed("predictionClass", "a.B", "a.C", base=_ROUTINE, body=_ROUTINE, **_NOT_SERVED),
    *fixed(
        "packageUris",
        _ROUTINE["packageUris"],
        ["gs://<bucket>/b.tar.gz"],
        base=_ROUTINE,
        body=_ROUTINE,
        **_NOT_SERVED,
    ),
]

_STEPS = {"numIntegralSteps": 10}
_EXPLANATIONS = [
    *fixed(
        "explanationConfig", {"integratedGradientsAttribution": _STEPS}, {"sampledShapleyAttribution": {"numPaths": 5}}
    ),
    *(
        _explained(f"{method}.{key}", {method: {key: 10}}, {method: {key: 20}})
        for method, key in (
            ("integratedGradientsAttribution", "numIntegralSteps"),
            ("sampledShapleyAttribution", "numPaths"),
            ("xraiAttribution", "numIntegralSteps"),
        )
    ),
    Row(
        field="explanationConfig",
        change="spelled",
        step="same",
        old={"explanationConfig": {"xraiAttribution": _STEPS}},
        new={"explanationConfig": {"xraiAttribution": {"numIntegralSteps": 10.0}}},
    ),
]

_URI = "deploymentUri"
_UNMADE: State = {"made": False}
_OLD_RUNTIME: State = {"runtimeVersion": "1.15", "pythonVersion": "3.7"}
ROWS = [
    Row(
        field=_URI,
        change="changed",
        step="refused",
        new={_URI: "gs://<bucket>/multiplier/two/"},
        body={_URI: "gs://<bucket>/multiplier/two/"},
    ),
    Row(
        field=_URI,
        change="given",
        step="refused",
        old={**_OF_CONTAINER, _URI: None},
        new={_URI: "gs://<bucket>/multiplier/one/"},
        body=_OF_CONTAINER,
        **_NOT_SERVED,
    ),
    Row(field=_URI, change="taken away", step="same", old=_OF_CONTAINER, new={_URI: None}, made=False),
    *fixed("runtimeVersion", "2.11", "2.10", given=_UNMADE),
    *fixed("pythonVersion", "3.7", "2.7", base=_OLD_RUNTIME, body=_OLD_RUNTIME, given=_UNMADE),
    *fixed("framework", "TENSORFLOW", "XGBOOST", answer=errors.InvalidArgument),
    *fixed("machineType", "n1-standard-2", "n1-standard-4"),
    Row(
        field="machineType",
        change="changed",
        note="with request logging, which follows the `create`",
        step="refused",
        old={"requestLoggingConfig": {"bigqueryTableName": "p.d.t"}},
        new={"machineType": "n1-standard-4"},
        body={"machineType": "n1-standard-4"},
        then=(
            Sent(
                "ml.projects.models.versions.patch",
                "requestLoggingConfig",
                {"requestLoggingConfig": {"bigqueryTableName": "p.d.t"}},
                guarded=True,
            ),
        ),
    ),
    *_ACCELERATOR,
    *_SCALING,
    *_CONTAINERS,
    *_ROUTINES,
    *_EXPLANATIONS,
]
