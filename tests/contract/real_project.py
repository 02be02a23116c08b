"""A real project of Google's in the place of the emulator's: what the contract needs there, and its clean-up."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gcp import api as _api
from gcp.settings import GLOBAL, Settings
from resources.engine.provider import Provider
from resources.ml.model import ModelProvider
from resources.ml.service import ML
from resources.storage.bucket import BucketProvider
from resources.storage.service import STORAGE
from tests.kinds.world import World
from tests.providers import State, configured

PROJECT_VARIABLE, ENDPOINT_VARIABLE = "TF2_MODELS_CONTRACT_PROJECT", "TF2_MODELS_CONTRACT_ENDPOINT"
"""The project, and where its APIs are: "global" by default."""
LABEL = {"tf2-models-contract": "true"}
"""Of everything that is made there: what has it may be deleted."""
COST = "about 0.01 USD: two buckets with a few small files for a minute, a model without versions"


class RealWorld(World):
    """A project that holds other things too: names are random, and everything has the label."""

    def __init__(self, project: str, endpoint: str, folder: Path) -> None:
        token = secrets.token_hex(4)
        self.project, self.bucket, self._endpoint = project, f"tf2-models-contract-{token}", endpoint
        self.model = f"tf2_models_contract_{token}"
        self.write_files(folder)

    def provider(self, kind: type[Provider]) -> Provider:
        """The provider of a kind, as the engine runs it."""
        return configured(kind, self._endpoint)

    def labelled(self, inputs: State) -> State:
        """The inputs, or an edit of them, with the label among their labels if they have any."""
        return {**inputs, "labels": {**inputs["labels"], **LABEL}} if "labels" in inputs else inputs


@contextmanager
def cleaned_world(project: str, folder: Path, endpoint: str = "") -> Iterator[RealWorld]:
    """A world in a project, which has nothing with the label before, also after a crash, and nothing after."""
    chosen = endpoint or os.environ.get(ENDPOINT_VARIABLE, GLOBAL)
    clean(project, chosen)
    try:
        yield RealWorld(project, chosen, folder)
    finally:
        clean(project, chosen)


def clean(project: str, endpoint: str) -> None:
    """Deletes every bucket and every model of the project that has the label, and nothing else."""
    api = _api.shared(Settings.of(endpoint, None))
    for bucket in list(api.listed(api.methods(STORAGE, "buckets"), "items", project=project)):
        if _is_ours(bucket):
            inputs = {"project": project, "name": bucket["name"], "forceDestroy": True}
            configured(BucketProvider, endpoint).delete(bucket["name"], inputs)
    for model in list(api.listed(api.methods(ML, "projects.models"), "models", parent=f"projects/{project}")):
        if _is_ours(model):
            inputs = {"project": project, "name": model["name"].rpartition("/")[2]}
            configured(ModelProvider, endpoint).delete(model["name"], inputs)


def _is_ours(resource: State) -> bool:
    return LABEL.items() <= (resource.get("labels") or {}).items()
