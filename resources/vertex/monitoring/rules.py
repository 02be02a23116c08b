"""Rules for the values of a monitoring job. Pure; see `resources.vertex.rules`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from resources.schema.types import Failure, join, shown, table
from resources.vertex.rules import DURATION, OF_ENDPOINTS, Values, apply

_FORMATS = ("tf-record", "csv", "jsonl")
_SOURCES = ("dataset", "gcsSource", "bigquerySource")
_OBJECTIVES = "modelDeploymentMonitoringObjectiveConfigs"
_SCHEDULE = "modelDeploymentMonitoringScheduleConfig"
_SAMPLING, _RANDOM = "loggingSamplingStrategy", "randomSampleConfig"
_SKEW, _DRIFT = "trainingPredictionSkewDetectionConfig", "predictionDriftDetectionConfig"


def monitoring_job_failures(values: Values, where: str = "") -> Iterator[Failure]:
    """Everything wrong with a monitoring job's inputs."""
    yield from apply(values, where, (*OF_ENDPOINTS, _sampling, _durations, _objectives))


def _sampling(values: Values) -> Iterator[Failure]:
    rate = table(table(values, _SAMPLING), _RANDOM).get("sampleRate")
    if isinstance(rate, int | float) and not 0 < rate <= 1:
        yield f"{_SAMPLING}.{_RANDOM}.sampleRate", f"must be above 0 and at most 1; it is {rate:g}"


def _durations(values: Values) -> Iterator[Failure]:
    schedule = table(values, _SCHEDULE)
    given = {f"{_SCHEDULE}.{name}": schedule.get(name) for name in ("monitorInterval", "monitorWindow")}
    for path, value in {**given, "logTtl": values.get("logTtl")}.items():
        if isinstance(value, str) and not DURATION.match(value):
            yield path, f'must be a duration in seconds, "3600s"; it is {shown(value)}'


def _objectives(values: Values) -> Iterator[Failure]:
    given = values.get(_OBJECTIVES)
    if given == []:
        yield _OBJECTIVES, "is empty: a monitoring job has something to monitor"
    taken = set[Any]()
    for index, each in enumerate(given if isinstance(given, list) else []):
        if not isinstance(each, Mapping):
            continue
        where, id_ = f"{_OBJECTIVES}[{index}]", each.get("deployedModelId")
        if isinstance(id_, str) and id_ in taken:
            yield f"{where}.deployedModelId", f"is there twice: {id_}"
        taken.add(id_)
        for path, reason in _objective(table(each, "objectiveConfig")):
            yield join(f"{where}.objectiveConfig", path) if path else f"{where}.objectiveConfig", reason


def _objective(config: Values) -> Iterator[Failure]:
    data = table(config, "trainingDataset")
    if _SKEW in config and "trainingDataset" not in config:
        yield "trainingDataset", "is missing: skew is a distance from the training data"
    if "trainingDataset" in config:
        sources = [name for name in _SOURCES if name in data]
        if len(sources) != 1:
            yield "trainingDataset", f"needs one of {', '.join(_SOURCES)}; it has {' and '.join(sources) or 'none'}"
    form = data.get("dataFormat")
    if isinstance(form, str) and form not in _FORMATS:
        yield "trainingDataset.dataFormat", f"must be one of {', '.join(_FORMATS)}; it is {shown(form)}"
    if not any(name in config for name in (_SKEW, _DRIFT, "explanationConfig")):
        yield "", f"needs {_SKEW}, {_DRIFT} or both"
    for name in (_SKEW, _DRIFT):
        yield from ((f"{name}.{path}", reason) for path, reason in _thresholds(table(config, name)))


def _thresholds(detection: Values) -> Iterator[Failure]:
    """The threshold of one feature, or of all: an alert needs a distance above 0."""
    for name, given in detection.items():
        found = {name: given} if name.startswith("default") else table(detection, name)
        for feature in found:
            value = table(found, feature).get("value")
            if isinstance(value, int | float) and value <= 0:
                path = name if name.startswith("default") else f"{name}.{feature}"
                yield f"{path}.value", f"must be above 0; it is {value:g}"
