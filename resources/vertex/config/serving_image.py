"""The container that serves a version: TensorFlow Serving by default, or an image that the version names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from resources.schema.types import Failure, shown, table
from resources.vertex import rules

PREBUILT = re.compile(r"(us|europe|asia)-docker\.pkg\.dev/vertex-ai(-restricted)?/prediction/tf")
"""Prefixes of Google's prebuilt TensorFlow images. These images load the artifact's folder by themselves."""
_PREBUILT_VERSION = re.compile(rf"{PREBUILT.pattern}[^/.]*\.(?P<major>\d+)-(?P<minor>\d+)(?!\d)")
_ENDING = re.compile(rf"{PREBUILT.pattern}2-")
_END = "2027-01-14"
"""When Google removes the prebuilt TensorFlow 2 images; no date is known for the optimized runtimes (tf_opt)."""
_NUMBERED = re.compile(r"(gs://.+)/[0-9]+/?\Z")
_HTTP_PORT, _GRPC_PORT = 8080, 8500
_PREDICT_ROUTE, _HEALTH_ROUTE = "/v1/models/model:predict", "/v1/models/model"
_TENSORFLOW, _GPU = "{tensorflow}", "{gpu}"
KEY = "servingImage"
OPTIONS = ("deploymentTimeout", "sharedMemorySizeMb", "startupProbe", "healthProbe", "livenessProbe")
"""The container settings of a version's `vertex` block."""


def image(template: str, tensorflow: str, *, accelerated: bool) -> str:
    """The image of a version: the stack's `servingImage`, with `{tensorflow}` and `{gpu}` filled in.

    Args:
        template: the stack's `servingImage`.
        tensorflow: the TensorFlow that exported the artifact, "2.21.0".
        accelerated: whether its replicas have GPUs; if so, `{gpu}` becomes "-gpu", otherwise an empty string.
    """
    return template.replace(_TENSORFLOW, tensorflow).replace(_GPU, "-gpu" if accelerated else "")


def template_failures(template: str) -> Iterator[Failure]:
    """Errors in the stack's `servingImage` itself; none if it is empty."""
    unknown = [found for found in re.findall(r"\{.*?\}|[{}]", template) if found not in (_TENSORFLOW, _GPU)]
    if unknown:
        yield KEY, f"has {unknown[0]}, which is unknown: its placeholders are {_TENSORFLOW} and {_GPU}"
    elif template and not rules.IMAGE.match(template):
        copy = "copy TensorFlow Serving there, as docs/how-to/google-project.md shows"
        yield KEY, f"must be {rules.IMAGE_WORDS}; it is {shown(template)}; {copy}"


def failures(template: str, tensorflow: str) -> Iterator[Failure]:
    """Reasons why `image` cannot return an address, each under the key of the stack file that fixes it."""
    if not template:
        example = f"LOCATION-docker.pkg.dev/PROJECT/REPOSITORY/serving:{_TENSORFLOW}{_GPU}"
        where = f"the image of TensorFlow Serving in your Artifact Registry, {example}"
        yield KEY, f"is missing: {where}; or give each version a container"
    elif _TENSORFLOW in template and not tensorflow:
        yield KEY, f"has {_TENSORFLOW}, which is not known of an artifact in a bucket: write the version"


def tensorflow_serving(address: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """The container of TensorFlow Serving. Its entry point accepts additional arguments.

    Args:
        address: the address of its image.
        options: the `vertex` block of the version.
    """
    arguments = (f"rest_api_port={_HTTP_PORT}", f"port={options.get('grpcPort', _GRPC_PORT)}", "model_name=model")
    return {
        "imageUri": address,
        "args": [*(f"--{argument}" for argument in arguments), "--model_base_path=$(AIP_STORAGE_URI)"],
        "ports": [{"containerPort": _HTTP_PORT}],
        "grpcPorts": [{"containerPort": int(options.get("grpcPort", _GRPC_PORT))}],
        "predictRoute": _PREDICT_ROUTE,
        "healthRoute": _HEALTH_ROUTE,
        **_given(options),
    }


def own(container: Mapping[str, Any], routes: Mapping[str, Any], options: Mapping[str, Any]) -> dict[str, Any]:
    """A container that the version names.

    Args:
        container: the version's `container`.
        routes: the version's `routes`.
        options: the `vertex` block of the version.
    """
    named = {"predictRoute": routes.get("predict"), "healthRoute": routes.get("health")}
    spec = {name: item for name, item in container.items() if name != "image"}
    port = {"grpcPorts": [{"containerPort": options["grpcPort"]}]} if "grpcPort" in options else {}
    given = {name: item for name, item in named.items() if item is not None}
    return {"imageUri": container.get("image"), **spec, **given, **port, **_given(options)}


def own_failures(entry: Mapping[str, Any]) -> Iterator[Failure]:
    """Errors of a version's routes. Both are required, because the defaults of `ml` v1 and Vertex AI differ."""
    container, routes = table(entry, "container"), table(entry, "routes")
    if container and not is_prebuilt(container):
        for name in ("predict", "health"):
            if name not in routes:
                yield f"routes.{name}", "is missing: a container of one's own needs both routes on Vertex AI"
    if entry.get("allowNewerTensorFlow") and not is_prebuilt(container):
        reason = "is for Google's prebuilt images: servingImage has the artifact's own TensorFlow, and that of your own"
        yield "allowNewerTensorFlow", f"{reason} image is not compared: leave it out"
    if routes and not container:
        yield "routes", "needs container"


def is_prebuilt(container: Mapping[str, Any]) -> bool:
    """Whether a container is one of Google's TensorFlow images."""
    return bool(PREBUILT.match(str(container.get("image", ""))))


def prebuilt_tensorflow(container: Mapping[str, Any]) -> str:
    """The TensorFlow version of one of Google's images, "2.15"; empty for other images and for nightly ones."""
    found = _PREBUILT_VERSION.match(str(container.get("image", "")))
    return f"{found['major']}.{found['minor']}" if found else ""


def prebuilt_warning(container: Mapping[str, Any]) -> str:
    """A warning about one of Google's images: its TensorFlow version and when it is removed. Empty if there is none."""
    if not _ENDING.match(str(container.get("image", ""))):
        return ""
    has = f"has TensorFlow {prebuilt_tensorflow(container) or 2}"
    return f"{has}, and Google removes it on {_END}; to replace it, set servingImage and leave container out"


def parent_of_numbered(uri: str) -> str:
    """The parent of a numbered folder: `gs://B/M/` for `gs://B/M/3/`; empty if the last folder is not a number."""
    found = _NUMBERED.fullmatch(uri)
    return f"{found[1]}/" if found else ""


def _given(options: Mapping[str, Any]) -> dict[str, Any]:
    return {name: options[name] for name in OPTIONS if name in options}
