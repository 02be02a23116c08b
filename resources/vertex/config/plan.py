"""What a stack file declares on Vertex AI: the inputs of every resource, under the API's names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from resources.config import plan
from resources.vertex import names


@dataclass(kw_only=True)
class Pool:
    """A resource pool as declared.

    Attributes:
        name: in the stack file.
        inputs: inputs of its `vertex.DeploymentResourcePool`.
        valid: False if it has errors; then the inputs only identify it.
    """

    name: str
    inputs: dict[str, Any]
    valid: bool = True

    @property
    def id(self) -> str:
        """Its id on Vertex AI."""
        return str(self.inputs["deploymentResourcePool"])


@dataclass(kw_only=True)
class Version:
    """A version as declared.

    Attributes:
        name: in the stack file.
        uploaded: inputs of its `vertex.ModelVersion`.
        deployed: inputs of its `vertex.DeployedModel`, without the version's number, which is known after the upload.
        pool: the pool of the stack file that it runs on; empty if it has its own machines.
        saved_model: inputs of its `storage.SavedModel`; None if the artifact is not the stack's.
    """

    name: str
    uploaded: dict[str, Any]
    deployed: dict[str, Any]
    pool: str = ""
    saved_model: dict[str, Any] | None = None

    @property
    def deployed_model_id(self) -> str:
        """The id of its deployed model."""
        return str(self.deployed["deployedModelId"])


@dataclass(kw_only=True)
class Model:
    """A model as declared. The default version comes first among the versions.

    Attributes:
        name: in the stack file.
        endpoint: inputs of its `vertex.Endpoint`.
        registry: inputs of its `vertex.Model`.
        versions: the default first.
        split: version -> percent of the requests.
        monitoring: inputs of its `vertex.ModelMonitoringJob`; None if it has none.
    """

    name: str
    endpoint: dict[str, Any]
    registry: dict[str, Any]
    versions: list[Version]
    split: dict[str, int] = field(default_factory=dict)
    monitoring: dict[str, Any] | None = None

    @property
    def uploads(self) -> str:
        """How the logical names of its uploads begin: other than by its name only if `vertex.modelId` gives another id.

        So a change of the id uploads and deploys again before the old uploads are deleted.
        """
        model = str(self.registry["model"])
        return self.name if model == names.model_id(self.name) else model

    @property
    def traffic_split(self) -> dict[str, Any]:
        """The inputs of its `vertex.TrafficSplit`."""
        place = {name: self.endpoint[name] for name in ("project", "location", "endpoint")}
        ids = {version.name: version.deployed_model_id for version in self.versions if version.name in self.split}
        return {**place, "shares": self.split, "deployedModels": ids}


@dataclass(kw_only=True)
class Job:
    """A batch prediction job as declared: inputs under the API's names, and the model and version that predict.

    The inputs lack `model`: it contains the version's number, which is known after the upload.
    """

    inputs: dict[str, Any]
    model: str
    version: str

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.inputs["displayName"])


@dataclass(kw_only=True)
class Stack(plan.Stack):
    """What a stack on Vertex AI declares."""

    models: list[Model]
    pools: list[Pool] = field(default_factory=list)
    jobs: list[Job] = field(default_factory=list)


def summary(model: Model, shares: Any, predict_url: Any) -> dict[str, Any]:
    """A model's entry in the stack's outputs.

    Args:
        model: as declared.
        shares: version -> percent, once the split is set; an output of its resource.
        predict_url: the endpoint's `predict` URL.
    """
    return {
        "name": names.endpoint(model.endpoint),
        "platform": "vertex",
        "defaultVersion": model.registry["defaultVersion"],
        "versions": sorted(version.name for version in model.versions),
        "deployedModels": {version.name: version.deployed_model_id for version in model.versions},
        "predictUrl": predict_url,
        "trafficSplit": shares,
    }


def results(found: Mapping[str, Any]) -> dict[str, Any] | None:
    """A job's results in the stack's outputs; None before there are any.

    Args:
        found: `folder`, `rows` and `used`: outputs of the job; each may be None.
    """
    folder, rows, used = (found.get(name) or {} for name in ("folder", "rows", "used"))
    if "gcsOutputDirectory" not in folder:
        return None
    counts = {"predictionCount": rows.get("successfulCount", 0), "errorCount": rows.get("failedCount", 0)}
    return {"outputPath": folder["gcsOutputDirectory"], **counts, "nodeHours": used.get("replicaHours", 0)}


def facts(*parts: Mapping[str, Any]) -> dict[str, Any]:
    """Merges mappings, without empty values."""
    return {key: item for part in parts for key, item in part.items() if item is not None}
