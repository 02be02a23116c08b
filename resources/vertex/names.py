"""Names of Vertex AI's resources. The API returns names with the project's number, not its id: compare `last` parts."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

VERSION_LABEL = "tf2-models-version"
"""Key of the label with a version's name in the stack file: the service numbers versions by itself."""
_DIGITS = 10
_NONE: Mapping[str, Any] = MappingProxyType({})


def location(project: str, region: str) -> str:
    """`projects/P/locations/L`."""
    return f"projects/{project}/locations/{region}"


def model(inputs: Mapping[str, Any]) -> str:
    """`projects/P/locations/L/models/M`, from inputs with project, location and model."""
    return f"{location(inputs['project'], inputs['location'])}/models/{inputs['model']}"


def endpoint(inputs: Mapping[str, Any]) -> str:
    """`projects/P/locations/L/endpoints/E`, from inputs with project, location and endpoint."""
    return f"{location(inputs['project'], inputs['location'])}/endpoints/{inputs['endpoint']}"


def resource_pool(inputs: Mapping[str, Any]) -> str:
    """`projects/P/locations/L/deploymentResourcePools/ID`, from inputs with project, location and pool."""
    place = location(inputs["project"], inputs["location"])
    return f"{place}/deploymentResourcePools/{inputs['deploymentResourcePool']}"


def is_same(one: str, other: str) -> bool:
    """Whether two full names mean the same resource: one may have the project's number, the other its id."""
    return one.partition("/locations/")[2] == other.partition("/locations/")[2]


def last(name: str) -> str:
    """The last segment of a full name, without a version."""
    return name.rsplit("/", 1)[-1].partition("@")[0]


def endpoint_id(name: str, options: Mapping[str, Any] = _NONE) -> str:
    """The id of a model's endpoint: `endpointId`, else the model's name in lower case, `-` for `_`.

    Args:
        name: of the model in the stack file.
        options: its `vertex` block.
    """
    return str(options.get("endpointId") or _hyphenated(name))


def model_id(name: str, options: Mapping[str, Any] = _NONE) -> str:
    """The id of a model in the registry: `modelId`, else its name in lower case. Arguments as for `endpoint_id`."""
    return str(options.get("modelId") or name.lower())


def deployed_model_id(facts: Mapping[str, Any]) -> str:
    """The id of a deployed model: ten digits, a hash of these facts. The first digit is not 0.

    The same facts give the same id in every run, so a stack that lost its state finds what it deployed. In a traffic
    split the service reads "0" as the model that is being deployed.
    """
    digest = _digest(facts)
    least = 10 ** (_DIGITS - 1)
    return str(least + int.from_bytes(digest[:8], "big") % (9 * least))


def resource_pool_id(name: str, facts: Mapping[str, Any]) -> str:
    """The id of a pool: its name in lower case, `-` for `_`, then eight digits, a hash of these facts.

    The same facts give the same id in every run, as for a deployed model. Other machines give another pool.
    """
    return f"{_hyphenated(name)}-{_digest(facts).hex()[:8]}"


def _hyphenated(name: str) -> str:
    return name.lower().replace("_", "-")


def _digest(facts: Mapping[str, Any]) -> bytes:
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).digest()


DEPLOYED_MODEL_ID = re.compile(r"[1-9][0-9]{0,9}\Z")
