"""Checks whether the emulator can serve for a container: it must serve a SavedModel with TensorFlow.

TensorFlow Serving is recognised by its arguments and routes, since users choose the name of its image.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gcp import errors

_PREBUILT = r"(us|europe|asia)-docker\.pkg\.dev/vertex-ai/prediction/tf2-(cpu|gpu)\.2-\d+(:latest)?"
_FLAG = r"--(\w+)=(.*)"
_URI = "$(AIP_STORAGE_URI)"
_PORT = 8080
"""Default port of a container."""
_SAVED_MODEL = "saved_model.pb"
_UNIMPLEMENTED, _PRECONDITION = 12, 9


def is_prebuilt(spec: Mapping[str, Any]) -> bool:
    """Whether the image is one of Google's prebuilt TensorFlow images, which load the artifact's folder themselves."""
    return re.fullmatch(_PREBUILT, spec["imageUri"]) is not None


def saved_model(spec: Mapping[str, Any], artifact: Path) -> Path:
    """The folder of the SavedModel that a container would serve.

    Args:
        spec: the `containerSpec` of a version.
        artifact: the folder that the container finds at `AIP_STORAGE_URI`.

    Raises:
        OperationFailed: the container cannot run here, would never become healthy, or finds no SavedModel.
    """
    if is_prebuilt(spec):
        if not (artifact / _SAVED_MODEL).is_file():
            raise _unhealthy(f"{_SAVED_MODEL} is expected directly below the artifact's folder")
        return artifact
    flags = _serving_flags(spec)
    if flags.get("model_base_path", "").rstrip("/") != _URI:
        raise errors.OperationFailed(
            "This endpoint cannot run containers: it serves the prebuilt TensorFlow images, and TensorFlow Serving with"
            f" the argument --model_base_path={_URI}.",
            _UNIMPLEMENTED,
        )
    _check_routes(spec, flags)
    numbers = [int(each.name) for each in artifact.iterdir() if each.is_dir() and each.name.isdecimal()]
    latest = artifact / str(max(numbers)) if numbers else None
    if latest is None or not (latest / _SAVED_MODEL).is_file():
        raise _unhealthy(
            "no versions of servable model found under base path: TensorFlow Serving loads a folder whose name is a"
            " number, below the artifact's folder"
        )
    return latest


def _serving_flags(spec: Mapping[str, Any]) -> dict[str, str]:
    """The flags of TensorFlow Serving's command line. If a flag is repeated, the last one counts."""
    words: Sequence[str] = [*spec.get("command", ()), *spec.get("args", ())]
    text = " ".join(words).split()  # with a shell's `-c`, all of them are in one argument
    return {found[1]: found[2].strip("\"'") for word in text if (found := re.fullmatch(_FLAG, word.strip("\"'")))}


def _check_routes(spec: Mapping[str, Any], flags: Mapping[str, str]) -> None:
    """Rejects routes and ports that TensorFlow Serving does not serve: the container would never become healthy."""
    model, port = flags.get("model_name", "default"), str((spec.get("ports") or [{}])[0].get("containerPort", _PORT))
    route = f"/v1/models/{model}"
    expected = {
        "predictRoute": (spec.get("predictRoute"), f"{route}:predict"),
        "healthRoute": (spec.get("healthRoute"), route),
        "port": (port, flags.get("rest_api_port", "0")),
    }
    for name, (found, wanted) in expected.items():
        if found != wanted:
            raise _unhealthy(f"TensorFlow Serving answers at {name} {wanted}, but the container says {found}")


def _unhealthy(why: str) -> errors.OperationFailed:
    return errors.OperationFailed(f"Model server never became ready: {why}.", _PRECONDITION)
