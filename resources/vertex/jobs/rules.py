"""Rules for the values of a batch prediction job. Pure; see `resources.vertex.rules`.

Source: the descriptions of BatchPredictionJob and its parts in the discovery document of `aiplatform` v1.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from resources.schema.types import Failure, join, shown, table
from resources.storage.rules import split_uri
from resources.vertex.rules import GS_URI, common_failures

MODEL = re.compile(r"projects/[^/]+/locations/([^/]+)/(models/[^/@]+(@[^/@]+)?|publishers/[^/]+/models/[^/]+)\Z")
DEFAULT_BATCH, DEFAULT_WORKERS = 64, 10
MOST_BATCH, MOST_WORKERS = 1_000_000, 1000
MACHINE = "n1-standard-2"
"""An example of a machine type."""
_GS, _BIGQUERY = "gcsSource", "bigquerySource"

Values = Mapping[str, Any]


def job_failures(values: Values, where: str = "") -> Iterator[Failure]:
    """Everything wrong with the inputs of a batch prediction job."""
    yield from common_failures(values, where)
    for rule in (_model, _source, _target, _instances, _machines, _batches):
        yield from ((join(where, path) if path else where, reason) for path, reason in rule(values))


def _model(values: Values) -> Iterator[Failure]:
    given = [name for name in ("model", "unmanagedContainerModel") if values.get(name) is not None]
    if len(given) != 1:
        yield "", f"needs one of model, unmanagedContainerModel; it has {' and '.join(given) or 'none'}"
    model, location = values.get("model"), values.get("location")
    if not isinstance(model, str):
        return
    found = MODEL.match(model)
    if not found:
        yield "model", f"must be projects/P/locations/L/models/M@V; it is {shown(model)}"
    elif isinstance(location, str) and found[1] != location:
        yield "model", f"must be in the job's location, {location}; it is in {found[1]}"


def _source(values: Values) -> Iterator[Failure]:
    given = table(values, "inputConfig")
    wanted = _BIGQUERY if given.get("instancesFormat") == "bigquery" else _GS
    yield from _one_place(given, "inputConfig", wanted, (_GS, _BIGQUERY))
    uris = table(given, _GS).get("uris")
    if isinstance(uris, list) and not uris:
        yield f"inputConfig.{_GS}.uris", "must name a file, gs://BUCKET/OBJECT"
    for index, uri in enumerate(uris if isinstance(uris, list) else ()):
        if isinstance(uri, str) and not (GS_URI.match(uri) and split_uri(uri)[1]):
            text = f"must be gs://BUCKET/OBJECT, with * for part of a name; it is {shown(uri)}"
            yield f"inputConfig.{_GS}.uris[{index}]", text


def _target(values: Values) -> Iterator[Failure]:
    given = table(values, "outputConfig")
    gs, bigquery = "gcsDestination", "bigqueryDestination"
    wanted = bigquery if given.get("predictionsFormat") == "bigquery" else gs
    yield from _one_place(given, "outputConfig", wanted, (gs, bigquery))
    folder = table(given, gs).get("outputUriPrefix")
    if isinstance(folder, str) and not GS_URI.match(folder):
        yield f"outputConfig.{gs}.outputUriPrefix", f"must be gs://BUCKET/FOLDER; it is {shown(folder)}"


def _one_place(given: Values, where: str, wanted: str, known: tuple[str, str]) -> Iterator[Failure]:
    """Exactly the source or destination that the format needs is given."""
    if given and wanted not in given:
        yield f"{where}.{wanted}", "is required for this format"
    for name in known:
        if name != wanted and name in given:
            yield f"{where}.{name}", f"does not belong to this format: leave it out, and give {wanted}"


def _instances(values: Values) -> Iterator[Failure]:
    given = table(values, "instanceConfig")
    if given.get("includedFields") and given.get("excludedFields"):
        yield "instanceConfig.excludedFields", "excludes includedFields: give one of them"


def _machines(values: Values) -> Iterator[Failure]:
    given = table(values, "dedicatedResources")
    machine = table(given, "machineSpec")
    if given and ("acceleratorType" in machine) != ("acceleratorCount" in machine):
        missing = "acceleratorCount" if "acceleratorType" in machine else "acceleratorType"
        yield f"dedicatedResources.machineSpec.{missing}", "is missing: type and count go together"
    first, most = given.get("startingReplicaCount"), given.get("maxReplicaCount")
    for name, count in (("startingReplicaCount", first), ("maxReplicaCount", most)):
        if isinstance(count, int | float) and not 1 <= count <= MOST_WORKERS:
            yield f"dedicatedResources.{name}", f"must be 1 to {MOST_WORKERS}; it is {count:g}"
    limit = most if isinstance(most, int | float) else DEFAULT_WORKERS
    if isinstance(first, int | float) and first > limit:
        yield (
            "dedicatedResources.startingReplicaCount",
            f"must not be above maxReplicaCount, {limit:g}; it is {first:g}",
        )


def _batches(values: Values) -> Iterator[Failure]:
    size = table(values, "manualBatchTuningParameters").get("batchSize")
    if isinstance(size, int | float) and not 1 <= size <= MOST_BATCH:
        yield "manualBatchTuningParameters.batchSize", f"must be 1 to {MOST_BATCH}; it is {size:g}"
    if "manualBatchTuningParameters" in values and "dedicatedResources" not in values:
        yield "manualBatchTuningParameters", "needs dedicatedResources"
