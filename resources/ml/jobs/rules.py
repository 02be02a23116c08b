"""Rules for the values of a batch prediction job, shared by the resource and the emulator. Pure.

Each rule takes inputs under the API's names, with the right types, and yields path and reason of each failure. A value
that is not known yet, or not given, is not checked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from resources.ml.rules import GS_FORM, GS_URI, MODEL_NAME, NAME, NAME_FORM, RUNTIME, VERSION_NAME, timeout_failures
from resources.schema import labels
from resources.schema.types import Failure, join, shown
from resources.storage.rules import split_uri

INPUT_FORMATS = ("JSON", "TEXT", "TF_RECORD", "TF_RECORD_GZIP")
OUTPUT_FORMATS = ("JSON", "TEXT", "CSV")
SOURCES = ("modelName", "versionName", "uri")
MOST_NAME = 100
"""For a managed job, whose id is the name with a hash and the number of the try."""
DEFAULT_REGION = "us-central1"
DEFAULT_BATCH = 64
DEFAULT_WORKERS = 10
MOST_BATCH, MOST_WORKERS = 1_000_000, 10_000
_FORMS = {"modelName": (MODEL_NAME, "projects/P/models/M"), "versionName": (VERSION_NAME, "a version's full name")}
_REQUIRED = ("dataFormat", "inputPaths", "outputPath", "region")

Values = Mapping[str, Any]


def job_failures(values: Values, where: str = "") -> Iterator[Failure]:
    """Everything wrong with a job's inputs."""
    job_id = values.get("jobId")
    if isinstance(job_id, str) and not NAME.match(job_id):
        yield join(where, "jobId"), f"{NAME_FORM} 128; it is {shown(job_id)}"
    yield from labels.label_failures(values.get("labels"), join(where, "labels"))
    given = values.get("predictionInput")
    if isinstance(given, Mapping):
        at = join(where, "predictionInput")
        found = [*_required(given), *_input(given)]
        yield from ((join(at, path), reason) for path, reason in found)


def declared_failures(values: Values, where: str = "") -> Iterator[Failure]:
    """Everything wrong with the inputs of a managed job, whose id is made from its `name`."""
    name = values.get("name")
    if isinstance(name, str) and (not NAME.match(name) or len(name) > MOST_NAME):
        yield join(where, "name"), f"{NAME_FORM} {MOST_NAME}; it is {shown(name)}"
    yield from labels.label_failures(values.get("labels"), join(where, "labels"))
    yield from ((join(where, path), reason) for path, reason in timeout_failures(values))
    given = values.get("predictionInput")
    if isinstance(given, Mapping):
        there = {key for key in given if given[key] is not None}  # the schema reports what is missing
        found = [*(failure for failure in _required(given) if failure[0] in there), *_input(given)]
        yield from ((join(where, f"predictionInput.{path}".rstrip(".")), reason) for path, reason in found)


def _required(given: Values) -> Iterator[Failure]:
    for name in _REQUIRED:
        if given.get(name) in (None, "", []):
            yield name, "is required"


def _input(given: Values) -> Iterator[Failure]:
    yield from _source(given)
    yield from _formats(given)
    yield from _places(given)
    yield from _numbers(given)
    version = given.get("runtimeVersion")
    if isinstance(version, str) and not RUNTIME.match(version):
        yield "runtimeVersion", f"must be of the form 2.11; it is {shown(version)}"


def _source(given: Values) -> Iterator[Failure]:
    named = [name for name in SOURCES if given.get(name) is not None]
    if len(named) != 1:
        yield "", f"needs one of {', '.join(SOURCES)}; it has {' and '.join(named) or 'none'}"
    for name, (form, words) in _FORMS.items():
        value = given.get(name)
        if isinstance(value, str) and not form.match(value):
            yield name, f"must be {words}; it is {shown(value)}"
    uri = given.get("uri")
    if isinstance(uri, str) and not GS_URI.match(uri):
        yield "uri", f"{GS_FORM}; it is {shown(uri)}"


def _formats(given: Values) -> Iterator[Failure]:
    """Checks input and output formats. The schema reports formats that do not exist."""
    known = {"DATA_FORMAT_UNSPECIFIED", *INPUT_FORMATS, *OUTPUT_FORMATS}
    for name, of, formats in (("dataFormat", "inputs", INPUT_FORMATS), ("outputDataFormat", "outputs", OUTPUT_FORMATS)):
        value = given.get(name)
        if isinstance(value, str) and value in known and value not in formats:
            yield name, f"must be a format of {of}, {', '.join(formats)}; it is {shown(value)}"


def _places(given: Values) -> Iterator[Failure]:
    paths = given.get("inputPaths")
    for number, path in enumerate(paths if isinstance(paths, list) else ()):
        if isinstance(path, str) and not (GS_URI.match(path) and split_uri(path)[1]):
            yield (
                f"inputPaths[{number}]",
                f"must be gs://BUCKET/OBJECT, with * for part of a name; it is {shown(path)}",
            )
    target = given.get("outputPath")
    if isinstance(target, str) and target and not GS_URI.match(target):
        yield "outputPath", f"{GS_FORM}; it is {shown(target)}"


def _numbers(given: Values) -> Iterator[Failure]:
    for name, most in (("batchSize", MOST_BATCH), ("maxWorkerCount", MOST_WORKERS)):
        value = given.get(name)
        if isinstance(value, int | str) and str(value).lstrip("-").isdecimal() and not 1 <= int(value) <= most:
            yield name, f"must be 1 to {most}; it is {value}"
