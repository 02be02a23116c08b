"""Rules for the values of Vertex AI's resources. Program, resources and emulator use the same rules; they are pure.

Each rule takes inputs under the API's names, whose types are already checked, and yields a path and a reason for each
error. Values that are unknown or not given are not checked.

Source: the descriptions of fields in the discovery document of `aiplatform` v1.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from gcp.settings import REGION
from resources.schema import labels, shares
from resources.schema.types import Failure, join, shown, table
from resources.vertex.names import DEPLOYED_MODEL_ID

MODEL_ID = re.compile(r"([a-z_][a-z0-9_-]{0,62}|[1-9][0-9]{0,18})\Z")
"""A number is an id that the service chose; it is allowed so that an existing model or endpoint can be adopted."""
ENDPOINT_ID = re.compile(r"([a-z]([a-z0-9-]{0,61}[a-z0-9])?|[1-9][0-9]{0,18})\Z")
POOL_ID = re.compile(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?\Z")
POOL = re.compile(r"projects/[^/]+/locations/[^/]+/deploymentResourcePools/[^/]+\Z")
ALIAS = re.compile(r"[a-z][a-z0-9-]{0,126}[a-z0-9]\Z")
VERSION_NAME = re.compile(r"[a-z0-9_-]{1,63}\Z")
DURATION = re.compile(r"\d+(\.\d{1,9})?s\Z")
GS_URI = re.compile(r"gs://[a-z0-9][a-z0-9._-]{1,220}[a-z0-9](/.*)?\Z")
NETWORK = re.compile(r"projects/[0-9]+/global/networks/[^/]+\Z")
IMAGE = re.compile(r"([a-z0-9-]+-docker\.pkg\.dev|([a-z]+\.)?gcr\.io)/[^/]+/.+")
IMAGE_WORDS = "in Artifact Registry, HOST-docker.pkg.dev/PROJECT/REPOSITORY/NAME:TAG, or in Container Registry (gcr.io)"
DEFAULT = "default"
"""The alias that exactly one version of a model has."""
MOST_ENV = 200
_PROBES = ("exec", "httpGet", "grpc", "tcpSocket")

Values = Mapping[str, Any]
Rule = Callable[[Values], Iterator[Failure]]


def model_version_failures(values: Values, where: str = "") -> Iterator[Failure]:
    """Everything wrong with a model version's inputs."""
    yield from apply(values, where, (_location, _model, _version, _labels, _aliases, _artifact, _container, _timeouts))


def model_failures(values: Values, where: str = "") -> Iterator[Failure]:
    """Everything wrong with a registry model's inputs."""
    yield from apply(values, where, (_location, _model, _labels, _display_name))


def endpoint_failures(values: Values, where: str = "") -> Iterator[Failure]:
    """Everything wrong with an endpoint's inputs."""
    yield from apply(values, where, (*OF_ENDPOINTS, _logging, _privacy, _dedicated))


def deployed_model_failures(values: Values, where: str = "") -> Iterator[Failure]:
    """Everything wrong with a deployed model's inputs."""
    yield from apply(values, where, (_location, _endpoint, _id, _resources, _machines, _timeouts))


def resource_pool_failures(values: Values, where: str = "") -> Iterator[Failure]:
    """Everything wrong with a pool's inputs."""
    yield from apply(values, where, (_location, _pool, _machines, _timeouts))


def common_failures(values: Values, where: str = "") -> Iterator[Failure]:
    """Errors in the inputs that most resources have: location, labels, display name, timeouts."""
    yield from apply(values, where, (_location, _labels, _display_name, _timeouts))


def traffic_split_failures(values: Values, where: str = "") -> Iterator[Failure]:
    """Everything wrong with a traffic split's inputs."""
    yield from apply(values, where, (_location, _endpoint, _shares))


def whole_shares(given: Values, versions: list[str] | None, path: str) -> Iterator[Failure]:
    """Errors in the shares of a traffic split: they must be whole numbers, name known versions and add up to 100.

    Args:
        given: version -> percent.
        versions: the existing versions; None if they are not known.
        path: the path of the shares.
    """
    broken = [name for name, share in given.items() if isinstance(share, float) and share % 1]
    for name in broken:
        yield join(path, name), f"must be a whole number; it is {shown(given[name])}"
    if not broken:
        yield from shares.failures(given, versions, path)


def apply(values: Values, where: str, rules: Iterable[Rule]) -> Iterator[Failure]:
    """The errors that these rules find in inputs, below a path."""
    for rule in rules:
        for path, reason in rule(values):
            yield join(where, path), reason


def _matches(values: Values, name: str, form: re.Pattern[str], words: str) -> Iterator[Failure]:
    value = values.get(name)
    if isinstance(value, str) and not form.match(value):
        yield name, f"must be {words}; it is {shown(value)}"


def _location(values: Values) -> Iterator[Failure]:
    yield from _matches(values, "location", REGION, "a region, us-central1")


def _model(values: Values) -> Iterator[Failure]:
    words = "small letters, digits, - and _, neither a digit nor - first, at most 63; or the number of one that exists"
    yield from _matches(values, "model", MODEL_ID, words)


def _endpoint(values: Values) -> Iterator[Failure]:
    words = "small letters, digits and -, a letter first, no - last, at most 63; or a number"
    yield from _matches(values, "endpoint", ENDPOINT_ID, words)


def _version(values: Values) -> Iterator[Failure]:
    yield from _matches(values, "name", VERSION_NAME, "small letters, digits, - and _, at most 63: a label holds it")


def _id(values: Values) -> Iterator[Failure]:
    yield from _matches(values, "deployedModelId", DEPLOYED_MODEL_ID, "1 to 10 digits, the first of them no 0")


def _pool(values: Values) -> Iterator[Failure]:
    words = "small letters, digits and -, a letter first, no - last, at most 63"
    yield from _matches(values, "deploymentResourcePool", POOL_ID, words)


def _labels(values: Values) -> Iterator[Failure]:
    yield from labels.label_failures(values.get("labels"))


def _display_name(values: Values) -> Iterator[Failure]:
    name = values.get("displayName")
    if isinstance(name, str) and not 1 <= len(name) <= 128:
        yield "displayName", f"must have 1 to 128 characters; it has {len(name)}"


def _aliases(values: Values) -> Iterator[Failure]:
    aliases = values.get("versionAliases")
    for index, alias in enumerate(aliases if isinstance(aliases, list) else []):
        if alias == DEFAULT:
            yield f"versionAliases[{index}]", "default is set by vertex.Model: leave it out"
        elif isinstance(alias, str) and not ALIAS.match(alias):
            words = "small letters, digits and -, a letter first, no - last, from 2 to 128"
            yield f"versionAliases[{index}]", f"must be {words}; it is {shown(alias)}"


def _artifact(values: Values) -> Iterator[Failure]:
    yield from _matches(values, "artifactUri", GS_URI, "gs://BUCKET/FOLDER, BUCKET of 3 or more of a-z, 0-9, - _ .")


def _container(values: Values) -> Iterator[Failure]:
    spec = table(values, "containerSpec")
    yield from ((f"containerSpec.{path}", why) for path, why in _matches(spec, "imageUri", IMAGE, IMAGE_WORDS))
    if isinstance(spec.get("env"), list) and len(spec["env"]) > MOST_ENV:
        yield "containerSpec.env", f"has {len(spec['env'])} variables; the API takes {MOST_ENV}"
    if "invokeRoutePrefix" in spec and "predictRoute" in spec:
        yield "containerSpec.invokeRoutePrefix", "excludes predictRoute: give one of them"
    for name in ("ports", "grpcPorts"):
        for index, port in enumerate(spec.get(name) or []):
            number = port.get("containerPort") if isinstance(port, Mapping) else None
            if isinstance(number, int) and not 1 <= number <= 65535:
                yield f"containerSpec.{name}[{index}].containerPort", f"must be 1 to 65535; it is {number}"
    yield from (
        (f"containerSpec.{path}", why)
        for path, why in _matches(spec, "deploymentTimeout", DURATION, 'a duration in seconds, "600s"')
    )
    for name in ("startupProbe", "healthProbe", "livenessProbe"):
        kinds = [kind for kind in _PROBES if kind in table(spec, name)]
        if name in spec and len(kinds) != 1:
            yield f"containerSpec.{name}", f"takes one of {', '.join(_PROBES)}; it has {len(kinds)}"


def _resources(values: Values) -> Iterator[Failure]:
    if "dedicatedResources" not in values and "sharedResources" not in values:
        yield "dedicatedResources", "is missing; or give sharedResources, a pool"
    shared = values.get("sharedResources")
    if isinstance(shared, str) and not POOL.match(shared):
        form = "projects/P/locations/L/deploymentResourcePools/ID"
        yield "sharedResources", f"must be {form}; it is {shown(shared)}"


def _machines(values: Values) -> Iterator[Failure]:
    yield from _scaling_to_zero(values)
    found = table(values, "dedicatedResources")
    least, most, needed = (found.get(f"{name}ReplicaCount") for name in ("min", "max", "required"))
    if isinstance(most, int | float) and isinstance(least, int | float) and most < least:
        yield "dedicatedResources.maxReplicaCount", f"must not be below minReplicaCount; it is {most:g}"
    if isinstance(needed, int | float) and isinstance(least, int | float) and not 1 <= needed <= max(least, 1):
        yield "dedicatedResources.requiredReplicaCount", f"must be from 1 to minReplicaCount; it is {needed:g}"
    machine = table(found, "machineSpec")
    if ("acceleratorType" in machine) != ("acceleratorCount" in machine):
        missing = "acceleratorCount" if "acceleratorType" in machine else "acceleratorType"
        yield f"dedicatedResources.machineSpec.{missing}", "is missing: type and count go together"
    for index, metric in enumerate(found.get("autoscalingMetricSpecs") or []):
        target = metric.get("target") if isinstance(metric, Mapping) else None
        if isinstance(target, int | float) and not 1 <= target <= 100:
            yield f"dedicatedResources.autoscalingMetricSpecs[{index}].target", f"must be 1 to 100; it is {target:g}"


def _scaling_to_zero(values: Values) -> Iterator[Failure]:
    """Scaling to zero: a minimum of 0 and its settings, which only v1beta1 has."""
    found, where = table(values, "dedicatedResources"), "dedicatedResources"
    least, most, first = (found.get(f"{name}ReplicaCount") for name in ("min", "max", "initial"))
    if values.get("preview") is not True:
        if isinstance(least, int | float) and least < 1:
            yield f"{where}.minReplicaCount", f"must be 1 or more, or 0 with preview: true; it is {least:g}"
        for name in ("initialReplicaCount", "scaleToZeroSpec"):
            if name in found:
                yield f"{where}.{name}", "needs preview: true: only v1beta1 has it"
        return
    if isinstance(least, int | float) and least < 0:
        yield f"{where}.minReplicaCount", f"must be 0 or more; it is {least:g}"
    if least == 0 and first is None:
        yield f"{where}.initialReplicaCount", "is missing: how many replicas start when requests come; 1"
    if isinstance(first, int | float) and isinstance(least, int | float) and least > 0:
        yield f"{where}.initialReplicaCount", "is only for a minimum of 0: leave it out"
    elif isinstance(first, int | float) and not 1 <= first <= (most if isinstance(most, int | float) else 1):
        yield f"{where}.initialReplicaCount", f"must be from 1 to maxReplicaCount; it is {first:g}"
    for name, text in table(found, "scaleToZeroSpec").items():
        if isinstance(text, str) and not (DURATION.match(text) and 300 <= float(text[:-1]) <= 28800):
            yield f"{where}.scaleToZeroSpec.{name}", f'must be "300s" to "28800s"; it is {shown(text)}'


def _logging(values: Values) -> Iterator[Failure]:
    share = table(values, "predictRequestResponseLoggingConfig").get("samplingRate")
    if isinstance(share, int | float) and not 0 < share <= 1:
        yield "predictRequestResponseLoggingConfig.samplingRate", f"must be above 0 and at most 1; it is {share}"


def _privacy(values: Values) -> Iterator[Failure]:
    yield from _matches(values, "network", NETWORK, "projects/NUMBER/global/networks/NAME")
    if "network" in values and "privateServiceConnectConfig" in values:
        yield "network", "excludes privateServiceConnectConfig: give one of them"


def _dedicated(values: Values) -> Iterator[Failure]:
    if values.get("dedicatedEndpointEnabled") is True and "privateServiceConnectConfig" in values:
        yield "dedicatedEndpointEnabled", "excludes privateServiceConnectConfig: give one of them"
    timeout = table(values, "clientConnectionConfig").get("inferenceTimeout")
    if isinstance(timeout, str) and not DURATION.match(timeout):
        yield (
            "clientConnectionConfig.inferenceTimeout",
            f'must be a duration in seconds, "600s"; it is {shown(timeout)}',
        )


def _shares(values: Values) -> Iterator[Failure]:
    given, deployed = table(values, "shares"), table(values, "deployedModels")
    if given:
        yield from whole_shares(given, list(deployed) if deployed else None, "shares")


def _timeouts(values: Values) -> Iterator[Failure]:
    for key, seconds in table(values, "timeouts").items():
        if isinstance(seconds, int | float) and not seconds > 0:
            yield join("timeouts", key), f"must be more than 0 seconds; it is {seconds}"


OF_ENDPOINTS: tuple[Rule, ...] = (_location, _endpoint, _labels, _display_name, _timeouts)
"""The rules of endpoints, and of other resources with an endpoint's name, labels and a display name."""
