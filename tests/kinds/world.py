"""What stands around a resource under test: a project, and what must be there before."""

from __future__ import annotations

from pathlib import Path

from resources.engine.provider import Provider
from resources.ml.model import ModelProvider
from resources.ml.version import VersionProvider
from resources.storage.bucket import BucketProvider
from resources.storage.saved_model import SavedModelProvider
from tests.emulator import saved_models
from tests.emulator.ml.caller import Caller
from tests.providers import State, as_engine, configured, saved_model_inputs
from tests.running import RunningEmulator


class World:
    """What stands around the resource under test: a project of its own, on the shared emulator."""

    def __init__(self, emulator: RunningEmulator, project: str, folder: Path) -> None:
        self.emulator, self.project = emulator, project
        self.bucket = f"{project}-models"
        self.folder = saved_models.write(folder / "model")

    def provider(self, kind: type[Provider]) -> Provider:
        """The provider of a kind, as the engine runs it."""
        return configured(kind, self.emulator.endpoint)

    def labelled(self, inputs: State) -> State:
        """The inputs, or an edit of them, with the labels that everything here must have: none."""
        return inputs

    def made(self, kind: type[Provider], inputs: State) -> State:
        """A resource that is there before the one under test."""
        outs = self.provider(kind).create(as_engine(inputs)).outs
        assert outs is not None
        return outs

    def with_artifact(self) -> str:
        """The URI of a SavedModel in the bucket."""
        self.made(BucketProvider, {"project": self.project, "name": self.bucket})
        inputs = saved_model_inputs(self.folder, self.bucket, "multiplier/one")
        return str(self.made(SavedModelProvider, inputs)["uri"])

    def with_model(self) -> State:
        """The inputs of a version of a model that is there."""
        uri = self.with_artifact()
        self.made(ModelProvider, {"project": self.project, "name": "m"})
        return {
            "project": self.project,
            "model": "m",
            "name": "v1",
            "deploymentUri": uri,
            "runtimeVersion": "2.11",
            "pythonVersion": "3.7",
            "machineType": "n1-standard-2",
            "autoScaling": {"minNodes": 1, "maxNodes": 2},
        }

    def bucket_inputs(self) -> State:
        """A bucket with every field."""
        return {
            "project": self.project,
            "name": self.bucket,
            "location": "us-central1",
            "labels": {"team": "a"},
            "versioning": {"enabled": False},
            "iamConfiguration": {"uniformBucketLevelAccess": {"enabled": True}, "publicAccessPrevention": "enforced"},
            "lifecycle": {"rule": [{"action": {"type": "Delete"}, "condition": {"age": 30}}]},
        }

    def saved_model_inputs(self) -> State:
        """A SavedModel in a bucket that is there."""
        self.made(BucketProvider, {"project": self.project, "name": self.bucket})
        return saved_model_inputs(self.folder, self.bucket, "multiplier/one", contentDigest="1")

    def model_inputs(self) -> State:
        """A model with what can be changed and what cannot."""
        return {
            "project": self.project,
            "name": "m",
            "description": "a",
            "labels": {"team": "a"},
            "regions": ["us-east1"],
        }

    def default_inputs(self) -> State:
        """The default of a model that has two versions."""
        version = self.with_model()
        for name in ("v1", "v2"):
            self.made(VersionProvider, {**version, "name": name})
        return {"project": self.project, "model": "m", "version": "v1"}

    def split_inputs(self) -> State:
        """The split of a model that has two versions."""
        inputs = self.default_inputs()
        return {
            "project": inputs["project"],
            "model": "m",
            "trafficSplit": {"v1": 90, "v2": 10},
            "defaultVersion": "v1",
        }

    def job_inputs(self) -> State:
        """A job over rows that are in the bucket, by a SavedModel that is there."""
        caller = Caller(self.emulator, self.project)
        uri, rows = caller.upload("x2.0"), caller.upload("in", b"1\n2\n", "rows.json")
        wanted = {
            "uri": uri,
            "dataFormat": "JSON",
            "inputPaths": [f"{rows}/rows.json"],
            "outputPath": f"gs://{self.bucket}/out",
            "region": "us-central1",
            "batchSize": 8,
        }
        return {"project": self.project, "name": "nightly", "predictionInput": wanted, "labels": {"team": "a"}}
