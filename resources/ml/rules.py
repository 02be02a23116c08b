"""Rules for the values of a Model and a Version, shared by program, resources and emulator. Pure.

Each rule takes inputs under the API's names, with the right types (`Schema.failures` checks those), and yields path and
reason of each failure. A value that is not known yet, or not given, is not checked.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from gcp.settings import REGION
from resources.gate import samples
from resources.schema import labels, shares
from resources.schema.types import Failure, join, shown, table

_NAME = "[A-Za-z][A-Za-z0-9_]{0,127}"
NAME = re.compile(rf"{_NAME}\Z")
MODEL_NAME = re.compile(rf"projects/[^/]+/models/{_NAME}\Z")
VERSION_NAME = re.compile(rf"projects/[^/]+/models/{_NAME}/versions/{_NAME}\Z")
NAME_FORM = "must be letters, digits and underscores, a letter first, at most"
"""The form of a name; to be followed by the maximum length."""
MACHINE = re.compile(r"mls1-c1-m2|mls1-c4-m2|n1-(standard|highmem)-(2|4|8|16|32)|n1-highcpu-(2|4|8|16|32)")
GS_URI = re.compile(r"gs://[a-z0-9][a-z0-9._-]{1,220}[a-z0-9](/.*)?\Z")
GS_FORM = "must be gs://BUCKET/FOLDER, BUCKET of 3 or more of a-z, 0-9, - _ ."
RUNTIME = re.compile(r"\d+\.\d+\Z")
TABLE = re.compile(r"[^.]+\.[^.]+\.[^.]+\Z")
ENV_NAME = re.compile(r"(?!AIP_)[A-Za-z_][A-Za-z0-9_]*\Z")
DEFAULT_MACHINE = "mls1-c1-m2"
LAST_GOOGLE_RUNTIME = (2, 11)
NOT_WITH_CONTAINER = ("runtimeVersion", "pythonVersion", "framework", "packageUris", "predictionClass")

Values = Mapping[str, Any]
Rule = Callable[[Values], Iterator[Failure]]


def model_failures(values: Values, where: str = "") -> Iterator[Failure]:
    """Everything wrong with a model's inputs."""
    yield from _all(values, where, (_name, _label, _regions, timeout_failures))


def version_failures(values: Values, where: str = "") -> Iterator[Failure]:
    """Everything wrong with a version's inputs."""
    rules = (
        _name,
        _label,
        _source,
        _container,
        _runtime,
        _machine,
        _auto_scaling,
        _manual_scaling,
        _routine,
        _logging,
    )
    yield from _all(values, where, rules)
    yield from _all(values, where, (_env, _explanation, timeout_failures))


def default_version_failures(values: Values, where: str = "") -> Iterator[Failure]:
    """Everything wrong with a default version's inputs, including gate and split."""
    yield from _all(values, where, (_name, _gate, _split))


def is_mls1(values: Values) -> bool:
    """Whether a version runs on legacy machines (mls1), which allow less patching and scaling."""
    return str(values.get("machineType") or DEFAULT_MACHINE).startswith("mls1-")


def runtime(version: str) -> tuple[int, int]:
    """`2.11` as (2, 11)."""
    major, minor = version.split(".")
    return int(major), int(minor)


def _all(values: Values, where: str, rules: tuple[Rule, ...]) -> Iterator[Failure]:
    for rule in rules:
        for path, reason in rule(values):
            yield join(where, path), reason


def _text(values: Values, name: str) -> str | None:
    value = values.get(name)
    return value if isinstance(value, str) else None


def _list(values: Values, name: str) -> list[Any]:
    value = values.get(name)
    return value if isinstance(value, list) else []


def _number(values: Values, name: str) -> float | None:
    value = values.get(name)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _name(values: Values) -> Iterator[Failure]:
    for key in ("name", "model", "version"):
        name = _text(values, key)
        if name is not None and not NAME.match(name):
            yield key, f"{NAME_FORM} 128; it is {shown(name)}"


def _label(values: Values) -> Iterator[Failure]:
    yield from labels.label_failures(values.get("labels"))


def _regions(values: Values) -> Iterator[Failure]:
    regions = values.get("regions")
    if isinstance(regions, list) and len(regions) != 1:
        yield "regions", f"takes exactly one region; it has {len(regions)}"
    for index, region in enumerate(_list(values, "regions")):
        if isinstance(region, str) and not REGION.match(region):
            yield f"regions[{index}]", f"must be a region, us-central1; it is {shown(region)}"


def _source(values: Values) -> Iterator[Failure]:
    uri = _text(values, "deploymentUri")
    if uri is not None and not GS_URI.match(uri):
        yield "deploymentUri", f"{GS_FORM}; it is {shown(uri)}"
    if "deploymentUri" not in values and "container" not in values:
        yield "deploymentUri", "is missing: a version without a container serves a SavedModel"


def _container(values: Values) -> Iterator[Failure]:
    if "container" not in values:
        if "routes" in values:
            yield "routes", "needs container"
        return
    for name in NOT_WITH_CONTAINER:
        if name in values:
            yield name, "cannot be given together with container"
    if "machineType" not in values:
        yield "machineType", "is missing: a version with a container needs an N1 machine"


def _runtime(values: Values) -> Iterator[Failure]:
    version, python = _text(values, "runtimeVersion"), _text(values, "pythonVersion")
    if version is not None and not RUNTIME.match(version):
        yield "runtimeVersion", f'must be MAJOR.MINOR in quotes, "2.11"; it is {shown(version)}'
    elif version is not None and python is not None:
        wanted = _pythons(runtime(version))
        if wanted and python not in wanted:
            yield "pythonVersion", f"runtime {version} has Python {' or '.join(wanted)}; it is {shown(python)}"
    if "container" not in values:
        if "runtimeVersion" not in values:
            yield "runtimeVersion", "is missing: a version without a container needs one"
        if "pythonVersion" not in values and version and RUNTIME.match(version) and _pythons(runtime(version)):
            yield "pythonVersion", f"is missing: runtime {version} has Python {' or '.join(_pythons(runtime(version)))}"


def _pythons(version: tuple[int, int]) -> tuple[str, ...]:
    """The Python versions of one of Google's runtimes; none for another runtime (the emulator's own)."""
    if version > LAST_GOOGLE_RUNTIME:
        return ()
    if version >= (1, 15):
        return ("3.7", "2.7") if version == (1, 15) else ("3.7",)
    return ("3.5", "2.7") if version >= (1, 4) else ("2.7",)


def _machine(values: Values) -> Iterator[Failure]:
    machine = _text(values, "machineType")
    if machine is not None and not MACHINE.fullmatch(machine):
        yield (
            "machineType",
            f"must be mls1-c1-m2, mls1-c4-m2 or n1-{{standard,highmem,highcpu}}-{{2..32}}; it is {shown(machine)}",
        )
    if is_mls1(values) and not _later(values, "machineType"):
        for name in ("acceleratorConfig", "manualScaling", "container"):
            if name in values:
                yield name, "needs an N1 machine: give machineType, n1-standard-2 for one"
    count = _number(table(values, "acceleratorConfig"), "count")
    if count is not None and count < 1:
        yield "acceleratorConfig.count", f"must be 1 or more; it is {count}"


def _auto_scaling(values: Values) -> Iterator[Failure]:
    scaling = table(values, "autoScaling")
    least, most = _number(scaling, "minNodes"), _number(scaling, "maxNodes")
    lowest = 0 if is_mls1(values) or _later(values, "machineType") else 1
    if least is not None and least < lowest:
        hint = "0 only on mls1 machines" if least == 0 else "no fewer"
        yield "autoScaling.minNodes", f"must be {lowest} or more ({hint}); it is {least}"
    if most is not None and most < max(1, least or 0):
        yield "autoScaling.maxNodes", f"must be 1 or more and not below minNodes; it is {most}"
    for index, metric in enumerate(_list(scaling, "metrics")):
        target = _number(metric, "target") if isinstance(metric, Mapping) else None
        if target is not None and not 10 <= target <= 90:
            yield f"autoScaling.metrics[{index}].target", f"must be 10 to 90 (percent); it is {target}"


def _manual_scaling(values: Values) -> Iterator[Failure]:
    nodes = _number(table(values, "manualScaling"), "nodes")
    if nodes is not None and nodes < 1:
        yield "manualScaling.nodes", f"must be 1 or more; it is {nodes}"


def _routine(values: Values) -> Iterator[Failure]:
    custom = "predictionClass" in values
    if custom and not is_mls1(values):
        yield "predictionClass", "needs an mls1 machine"
    if "packageUris" in values and not custom:
        yield "packageUris", "needs predictionClass"
    if "serviceAccount" in values and not custom and "container" not in values:
        yield "serviceAccount", "needs container or predictionClass"
    if custom and "framework" in values:
        yield "framework", "cannot be given together with predictionClass"
    for index, uri in enumerate(_list(values, "packageUris")):
        if isinstance(uri, str) and not GS_URI.match(uri):
            yield f"packageUris[{index}]", f"{GS_FORM}; it is {shown(uri)}"


def _logging(values: Values) -> Iterator[Failure]:
    logging = table(values, "requestLoggingConfig")
    target, share = _text(logging, "bigqueryTableName"), _number(logging, "samplingPercentage")
    if target is not None and not TABLE.match(target):
        yield "requestLoggingConfig.bigqueryTableName", f"must be PROJECT.DATASET.TABLE; it is {shown(target)}"
    if share is not None and not 0 <= share <= 1:
        yield "requestLoggingConfig.samplingPercentage", f"must be from 0 to 1; it is {share}"


def _env(values: Values) -> Iterator[Failure]:
    container = table(values, "container")
    for index, item in enumerate(_list(container, "env")):
        name = _text(item, "name") if isinstance(item, Mapping) else None
        if name is not None and not ENV_NAME.match(name):
            yield (
                f"container.env[{index}].name",
                f"must be a C identifier that does not start with AIP_; it is {shown(name)}",
            )
    for index, item in enumerate(_list(container, "ports")):
        port = _number(item, "containerPort") if isinstance(item, Mapping) else None
        if port is not None and not 1 <= port <= 65535:
            yield f"container.ports[{index}].containerPort", f"must be 1 to 65535; it is {port}"


def _explanation(values: Values) -> Iterator[Failure]:
    methods = table(values, "explanationConfig")
    if "explanationConfig" in values and len(methods) != 1:
        yield "explanationConfig", f"takes exactly one method; it has {len(methods)}"


def timeout_failures(values: Values) -> Iterator[Failure]:
    """Everything wrong with the `timeouts` of a resource."""
    for key, seconds in table(values, "timeouts").items():
        if isinstance(seconds, int | float) and not seconds > 0:
            yield join("timeouts", key), f"must be more than 0 seconds; it is {seconds}"


def _later(values: Values, name: str) -> bool:
    """Whether a given value is only known later, so that it cannot be checked yet."""
    return name in values and _text(values, name) is None


def _gate(values: Values) -> Iterator[Failure]:
    gate = table(values, "gate")
    tolerance, latency, file = _number(gate, "tolerance"), _number(gate, "maxLatency"), _text(gate, "samples")
    if tolerance is not None and not tolerance >= 0:
        yield "gate.tolerance", f"must be 0 or more; it is {tolerance}"
    if latency is not None and not latency > 0:
        yield "gate.maxLatency", f"must be more than 0 seconds; it is {latency}"
    reason = samples.failure(file) if file is not None else ""
    if reason:
        yield "gate.samples", f"{file!r} {reason}"


def _split(values: Values) -> Iterator[Failure]:
    split = table(values, "trafficSplit")
    if split and all(_number(split, version) is not None for version in split):  # otherwise its type is reported
        yield from shares.failures(split, None, "trafficSplit")
