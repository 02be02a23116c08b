"""Checks request bodies with the program's own rules, and reports errors as Google does."""

from __future__ import annotations

import functools
import importlib.metadata
import sys
from collections.abc import Iterable, Mapping
from typing import Any

from emulator.core.google_names import snake
from emulator.hosting import proto_values
from emulator.rest.error_body import bad_request, violation
from gcp import errors
from resources.ml import rules
from resources.ml.jobs import rules as job_rules
from resources.ml.schema import MODEL, VERSION
from resources.schema.types import Failure, from_api

_, _LAST = rules.LAST_GOOGLE_RUNTIME
_GOOGLE_RUNTIMES = {(1, minor) for minor in range(4, 16)} | {(2, minor) for minor in range(1, _LAST + 1)}


def field_error(cls: type[errors.ApiError], path: str, text: str) -> errors.ApiError:
    """An error that names the field, in the wording of `ml` v1."""
    message = f"Field: {snake(path)} Error: {text}"
    return cls(message, bad_request([violation(snake(path), text)]))


def model_body(project: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """The stored body of a new model, without its name, with defaults.

    Raises:
        InvalidArgument: it is invalid; names every invalid field.
    """
    body = _inputs(MODEL.names("fixed", "mutable"), given)
    values = {"project": project, "name": given.get("name", ""), **body}
    _refuse(MODEL.failures(values), "model")
    body.setdefault("regions", ["us-central1"])
    return proto_values.stored(body)


def version_body(project: str, model: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """The stored body of a new version, without its name, with defaults.

    Output-only fields are ignored, and so is `requestLoggingConfig`, which only a patch sets.

    Raises:
        InvalidArgument: it is invalid or not emulated; names every such field.
    """
    known = VERSION.fields
    body = _inputs([name for name in VERSION.names("fixed", "mutable") if known[name].create], given)
    check_version(project, model, {"name": given.get("name", ""), **body})
    _refuse_unsupported(body)
    body.setdefault("machineType", rules.DEFAULT_MACHINE)
    body.setdefault("framework", "TENSORFLOW")
    body.setdefault("pythonVersion", f"{sys.version_info[0]}.{sys.version_info[1]}")
    if "manualScaling" not in body:
        lowest = {} if rules.is_mls1(body) else {"minNodes": 1}
        body["autoScaling"] = {**lowest, **body.get("autoScaling", {})}
    return proto_values.stored(body)


def job_body(given: Mapping[str, Any]) -> dict[str, Any]:
    """The stored body of a new job, without its id.

    Raises:
        InvalidArgument: it is invalid or not emulated; names every such field.
    """
    if "trainingInput" in given:
        raise field_error(errors.InvalidArgument, "job.trainingInput", "This endpoint runs batch prediction jobs only.")
    if "predictionInput" not in given:
        raise field_error(errors.InvalidArgument, "job.predictionInput", "is required")
    body = _inputs(("predictionInput", "labels"), given)
    _refuse(job_rules.job_failures({"jobId": given.get("jobId", ""), **body}), "job")
    _check_runtime(body["predictionInput"].get("runtimeVersion"), "job.predictionInput.runtimeVersion")
    return proto_values.stored(body)


def job_labels(body: Mapping[str, Any]) -> None:
    """Checks the labels of a new or patched job. Raises `InvalidArgument`."""
    _refuse(job_rules.job_failures({"labels": body.get("labels", {})}), "job")


def check_version(project: str, model: str, body: Mapping[str, Any]) -> None:
    """Checks a new or patched version. Raises `InvalidArgument`."""
    inputs = VERSION.names("path", "fixed", "mutable")
    values = {name: from_api(value, VERSION.types[name]) for name, value in body.items() if name in inputs}
    values.update(project=project, model=model)
    _refuse(VERSION.failures(values), "version")
    _check_runtime(values.get("runtimeVersion"), "version.runtimeVersion")


def _check_runtime(version: str | None, path: str) -> None:
    if version and rules.runtime(version) not in {*_GOOGLE_RUNTIMES, _installed()}:
        raise field_error(
            errors.InvalidArgument,
            path,
            f"The runtime version {version} is not supported. This endpoint has {runtimes()}.",
        )


def runtimes() -> str:
    """The supported runtime versions, for a message."""
    installed = _installed()
    own = f", and {installed[0]}.{installed[1]}, the TensorFlow that is installed here" if installed else ""
    return f"1.4 to 1.15 and 2.1 to 2.{_LAST}{own}"


@functools.cache
def _installed() -> tuple[int, int] | None:
    try:
        major, minor, *_ = importlib.metadata.version("tensorflow").split(".")
    except importlib.metadata.PackageNotFoundError:
        return None
    return int(major), int(minor)


def _inputs(names: Iterable[str], given: Mapping[str, Any]) -> dict[str, Any]:
    return {name: given[name] for name in names if name in given}


def _refuse(failures: Iterable[Failure], root: str) -> None:
    found = [(snake(f"{root}.{path}"), reason) for path, reason in failures]
    if not found:
        return
    message = "\n".join(f"Field: {path} Error: {reason}" for path, reason in found)
    raise errors.InvalidArgument(message, bad_request([violation(path, reason) for path, reason in found]))


def _refuse_unsupported(body: Mapping[str, Any]) -> None:
    for name in ("container", "predictionClass"):
        if name in body:
            raise field_error(
                errors.InvalidArgument, f"version.{name}", "This endpoint serves TensorFlow SavedModels only."
            )
    if body.get("framework", "TENSORFLOW") != "TENSORFLOW":
        raise field_error(
            errors.InvalidArgument,
            "version.framework",
            f"{body['framework']} is not served here: this endpoint serves TensorFlow SavedModels only.",
        )
