"""The samples of an imported SavedModel: from a file, or generated and predicted by the model itself."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from artifact_format.sample_fit import mismatches
from artifact_format.signatures import default_key
from models.builder.worker_client import run_module
from models.core.errors import BuildError, UsageError

_SAMPLER = "emulator.serving.sampling"
_SOURCES = {"instances": "the file", "warm-up requests": "its warm-up requests", "signature": "its signature"}
_SHAPE = '[{"instance": ..., "prediction": ...}, ...]'
_BODY = '{"instances": [...]}'

Samples = Sequence[Mapping[str, Any]]


class Answered(NamedTuple):
    """Samples with predictions, and the source of the instances, in words."""

    samples: list[dict[str, Any]]
    source: str


def read_samples(file: Path) -> Samples:
    """The samples of a file: `instance`, and `prediction` and `label` if present; or instances, bare or as a request.

    Raises:
        UsageError: the file cannot be read, or is not such a list.
    """
    try:
        found = json.loads(file.read_text(encoding="utf-8"), parse_constant=_refuse_constant)
    except OSError as error:
        raise UsageError(f"--samples {file}: cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise UsageError(f"--samples {file}: is not valid JSON: {error}") from None
    if isinstance(found, dict) and set(found) == {"instances"} and isinstance(found["instances"], list):
        return [{"instance": each} for each in _filled(found["instances"], file)]
    if not isinstance(found, list):
        raise UsageError(f"--samples {file}: must be a list {_SHAPE}, not empty, or {_BODY}")
    _filled(found, file)
    if not any(_is_sample(each) for each in found):
        return [{"instance": each} for each in found]
    for index, each in enumerate(found):
        if not _is_sample(each):
            raise UsageError(f'--samples {file}: [{index}]: must be an object with the key "instance"')
        if ("prediction" in each) != ("prediction" in found[0]):
            which = "a" if "prediction" in found[0] else "no"
            raise UsageError(f"--samples {file}: [{index}]: must have {which} prediction, like [0]")
    return [{key: each[key] for key in ("instance", "prediction", "label") if key in each} for each in found]


def check(samples: Samples, signatures: Mapping[str, Any]) -> None:
    """Checks samples against the default signature, if there is one.

    Args:
        samples: with bare or named predictions.
        signatures: by key.

    Raises:
        UsageError: a sample does not match. The error has its index, the expected and the actual value.
    """
    signature = signatures.get(default_key(signatures))
    if not signature:
        return
    for index, sample in enumerate(samples):
        for key, side in (("instance", "inputs"), ("prediction", "outputs")):
            for found in mismatches(sample[key], signature[side], outputs=side == "outputs") if key in sample else ():
                raise UsageError(f"--samples: [{index}].{key}: {found}")


def answer(folder: Path, given: Samples, root: Path) -> Answered:
    """Samples with the model's own predictions, made in a separate process.

    Args:
        folder: the SavedModel.
        given: samples without predictions. If empty, the SavedModel's own warm-up requests or generated instances are
            used.
        root: the project's folder.

    Raises:
        BuildError: the model fails.
    """
    instances = json.dumps({"instances": [each["instance"] for each in given]})
    options = ["--instances", "-"] if given else []
    try:
        output = run_module(_SAMPLER, str(folder.absolute()), *options, root=root, stdin=instances if given else "")
        found = json.loads(output, parse_constant=_refuse_constant)
    except (BuildError, ValueError) as error:
        raise BuildError(f"the model fails: {error}") from None
    samples: list[dict[str, Any]] = found["samples"]
    # What the user wrote in a sample stays unchanged.
    samples = [{**each, **own} for each, own in zip(samples, given or [{}] * len(samples), strict=True)]
    return Answered(samples, _SOURCES.get(found["source"], str(found["source"])))


def are_alike(given: Samples, known: Samples, *, all_known: bool) -> bool:
    """Whether samples equal the known ones in the given keys. A card has only the first samples (`all_known` False)."""
    if len(given) < len(known) or (all_known and len(given) > len(known)):
        return False
    pairs = zip(given, known, strict=False)
    return all(key in other and other[key] == each[key] for each, other in pairs for key in each)


def _filled(found: list[Any], file: Path) -> list[Any]:
    if not found:
        raise UsageError(f"--samples {file}: must be a list {_SHAPE}, not empty, or {_BODY}")
    return found


def _is_sample(value: Any) -> bool:
    return isinstance(value, dict) and "instance" in value


def _refuse_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is not valid JSON")
