"""The gate before a new default version: it must answer its artifact's sample instances as the manifest says.

Nothing is changed here. What fails is told with the instance, what was expected and what came.
"""

from __future__ import annotations

import json
import math
import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from resources import _ownership, errors
from resources._provider import Call
from resources._values import join, shown
from resources.ml import quotas, samples
from resources.storage import manifests, rules

TOLERANCE = 1e-3
SHOWN = 3
_REQUEST_BYTES = quotas.PREDICT_BYTES * 2 // 3
"""With room for how the client writes them."""


def check(call: Call, version: str, uri: str, options: Mapping[str, Any]) -> None:
    """Raises `GateFailed` unless the version answers every sample as expected.

    Args:
        call: where to ask, and where to show progress.
        version: full name of the version.
        uri: its `deploymentUri`.
        options: `DefaultVersion`'s `gate`.
    """
    if options.get("skip"):
        return
    expected = _samples(call, version, uri, options.get("samples"))
    call.report(f"gate: {len(expected) or 'no'} sample instances")
    if not expected:
        return
    answers = _predict_all(call, version, [sample["instance"] for sample in expected])
    tolerance = float(options.get("tolerance", TOLERANCE))
    wrong = [
        f"instance {index}{path and f' ({path})'}: expected {shown(wanted)}, came {shown(came)}"
        for index, (sample, answer) in enumerate(zip(expected, answers, strict=True))
        for path, wanted, came in _differences(sample["prediction"], answer, tolerance)
    ]
    if wrong:
        told = "; ".join(wrong[:SHOWN]) + (f"; and {len(wrong) - SHOWN} more" if len(wrong) > SHOWN else "")
        raise errors.GateFailed(f"{version} does not answer as {_source(uri, options)} says: {told}.{_AFTER}")
    if "maxLatency" in options:
        _check_latency(call, version, expected, float(options["maxLatency"]))


_AFTER = " The old default still serves and the new version is there to look at: mend it, or go back to the old default"


def _source(uri: str, options: Mapping[str, Any]) -> str:
    return str(options.get("samples") or _manifest(uri))


def _manifest(uri: str) -> str:
    return f"{uri.rstrip('/')}/{manifests.NAME}"


def _samples(call: Call, version: str, uri: str, file: str | None) -> Sequence[Mapping[str, Any]]:
    """The user's own samples, or those of the manifest; none where somebody else's artifact has no manifest."""
    if file:
        try:
            return samples.read(file)
        except errors.ArtifactError as error:
            raise errors.ArtifactError(f"gate.samples: {file} {error}") from None
    if not uri:
        return ()
    try:
        found = manifests.read(call.api, uri).get("samples")
    except errors.NotFound:
        _miss(call, version, uri)
        return ()
    try:
        return samples.checked(found) if found else ()
    except errors.ArtifactError as error:
        own = "give samples of your own (gate.samples), or set gate.skip: true"
        raise errors.ArtifactError(f"samples in {_manifest(uri)}: {error}. Mend that object, {own}") from None


def _miss(call: Call, version: str, uri: str) -> None:
    """Refuses, or warns: there is no manifest. That of a SavedModel of this stack can be put back first."""
    told = f"there is no {_manifest(uri)}, which would say what {version} must answer"
    if any("prefix" in each and uri == rules.folder_uri(each) for each in _ownership.all_declared()):
        raise errors.GateFailed(f"{told}: `pulumi refresh`, then `pulumi up` put it back.{_AFTER}")
    call.warn(f"no gate: {told}. Samples of your own go into gate.samples; gate.skip: true says that none are wanted")


def _predict_all(call: Call, version: str, instances: list[Any]) -> list[Any]:
    """As many requests as the limit on their size asks for."""
    answers: list[Any] = []
    batch: list[Any] = []
    size = 0
    for instance in instances:
        length = len(json.dumps(instance))
        if batch and size + length > _REQUEST_BYTES:
            answers += _predict(call, version, batch)
            batch, size = [], 0
        batch.append(instance)
        size += length + 1
    return answers + _predict(call, version, batch)


def _predict(call: Call, version: str, instances: list[Any]) -> list[Any]:
    """`ml.projects.predict`."""
    request = call.api.ml("projects").predict(name=version, body={"instances": instances})
    answer = call.api.call(request, repeatable=True)
    predictions = answer.get("predictions")
    if "error" in answer or not isinstance(predictions, list) or len(predictions) != len(instances):
        reason = answer.get("error") or f"there is no list of {len(instances)} predictions"
        raise errors.GateFailed(f"{version} does not answer: {reason} ({request.methodId}).{_AFTER}")
    return predictions


def _differences(expected: Any, came: Any, tolerance: float, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Where two predictions differ: another class, a number beyond the tolerance, another shape or text."""
    if isinstance(expected, Mapping) and isinstance(came, Mapping) and set(expected) == set(came):
        for key in expected:
            yield from _differences(expected[key], came[key], tolerance, join(path, key))
    elif isinstance(expected, list) and isinstance(came, list) and len(expected) == len(came):
        if _is_vector(expected) and _is_vector(came) and _is_another_class(expected, came, tolerance):
            yield path, f"class {_class(expected)}", f"class {_class(came)}"
            return
        for index, (one, other) in enumerate(zip(expected, came, strict=True)):
            yield from _differences(one, other, tolerance, join(path, index))
    elif _is_number(expected) and _is_number(came):
        if not _is_close(expected, came, tolerance):
            yield path, expected, came
    elif expected != came:
        yield path, expected, came


def _check_latency(call: Call, version: str, expected: Sequence[Mapping[str, Any]], bound: float) -> None:
    """The median of one call per sample; the gate's first call has warmed the version up."""
    seconds = []
    for sample in expected:
        start = time.perf_counter()
        _predict(call, version, [sample["instance"]])
        seconds.append(time.perf_counter() - start)
    median = statistics.median(seconds)
    if median > bound:
        told = f"{version} answers in {median:.3f} s (median of {len(seconds)}); gate.maxLatency is {bound:g} s"
        raise errors.GateFailed(f"{told}.{_AFTER}")


def _is_close(one: float, other: float, tolerance: float) -> bool:
    """Whether two numbers are as good as equal; of a sample that gives no number, no number is what is expected.

    Two whole numbers (JSON writes a float with its point) are classes or counts: they are the same, or are not.
    """
    if isinstance(one, int) and isinstance(other, int):
        return one == other
    try:
        return math.isclose(one, other, rel_tol=tolerance, abs_tol=tolerance) or (_is_nan(one) and _is_nan(other))
    except OverflowError:  # one is whole, and beyond every float
        return False


def _is_another_class(expected: list[Any], came: list[Any], tolerance: float) -> bool:
    """Whether the best are not the same; where both are as good in one of the vectors, the numbers alone decide."""
    one, other = _class(expected), _class(came)
    return not any(_is_close(vector[one], vector[other], tolerance) for vector in (expected, came))


def _class(vector: list[Any]) -> int:
    return max(range(len(vector)), key=vector.__getitem__)


def _is_vector(value: list[Any]) -> bool:
    """Whether it may be read as scores of classes: of what is no number, none is the best."""
    return len(value) > 1 and all(_is_number(item) and not _is_nan(item) for item in value)


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and math.isnan(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
