"""Stacks that share one artifact in one bucket."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from googleapiclient.http import MediaInMemoryUpload

from resources.engine.provider import Provider
from resources.storage.bucket import BucketProvider
from resources.storage.saved_model import SavedModelProvider
from tests.emulator import saved_models
from tests.providers import Request, State, as_engine, call_as, configured, saved_model_inputs
from tests.running import RunningEmulator

PREFIX = "multiplier/one"


class Stack:
    """One stack's SavedModel, as its provider process sees it.

    Attributes:
        provider: the provider of SavedModels.
        inputs: the inputs of its SavedModel.
        urn: the URN of its SavedModel.
    """

    def __init__(self, emulator: RunningEmulator, inputs: State, name: str, identity: str = "") -> None:
        self._endpoint = emulator.endpoint
        self.provider: Any = configured(SavedModelProvider, emulator.endpoint)
        self.inputs = as_engine({**inputs, "owner": identity or f"token of {name}"})
        self.urn = f"urn:pulumi:{name}::tf2-models::pulumi-python:dynamic/storage:SavedModel::multiplier-one"

    def of_project(self, project: str) -> Stack:
        """The same stack, with this `gcp:project`."""
        self.provider = configured(SavedModelProvider, self._endpoint, **{"gcp:project": project})
        return self

    def call(self, verb: str, *values: Any, provider: Provider | None = None) -> Any:
        """Calls a method of the provider as the engine does; returns its result."""
        return call_as(Request(self.urn), getattr(provider or self.provider, verb), *values)

    def create(self) -> None:
        """Does what its first `up` does."""
        self.call("create", dict(self.inputs))

    def delete(self) -> None:
        """Does what its `destroy` does."""
        self.call("delete", "", dict(self.inputs))

    def read_inputs(self) -> State:
        """The inputs as a refresh reads them; empty if the artifact does not exist."""
        return as_engine(self.call("read", "", dict(self.inputs)).inputs or {})

    def missing(self) -> list[str]:
        """The files that a refresh does not find; empty if none are left at all."""
        return list(self.call("read", "", dict(self.inputs)).outs.get("missing", []))

    def is_complete(self) -> bool:
        """Whether everything it declares exists, including its claim."""
        return self.read_inputs() == self.inputs and not self.missing()


class Shared:
    """A bucket that several stacks use for one artifact of two files."""

    def __init__(self, emulator: RunningEmulator, project: str, folder: Path, **more: Any) -> None:
        self.emulator, self.project, self.bucket = emulator, project, f"{project}-models"
        self.folder = saved_models.write(folder / "model")
        (self.folder / "notes.txt").write_text("notes", encoding="utf-8")
        self.bucket_provider: Any = configured(BucketProvider, emulator.endpoint)
        self.bucket_provider.create(self.bucket_inputs(**more))

    def bucket_inputs(self, **more: Any) -> State:
        """The inputs of the bucket."""
        return {"project": self.project, "name": self.bucket, **more}

    def stack(self, name: str, identity: str = "", prefix: str = PREFIX, **more: Any) -> Stack:
        """A stack that declares the artifact."""
        inputs = saved_model_inputs(self.folder, self.bucket, prefix, **more)
        return Stack(self.emulator, inputs, name, identity)

    def names(self) -> set[str]:
        """The names of all objects in the bucket."""
        items = self.emulator.storage().objects().list(bucket=self.bucket).execute().get("items", [])
        return {item["name"] for item in items}

    def files(self) -> set[str]:
        """The existing files of the artifact."""
        return {name.removeprefix(f"{PREFIX}/") for name in self.names() if name.startswith(PREFIX)}

    def claims(self) -> int:
        """The number of claims."""
        return sum(name.startswith(f".claims/{PREFIX}/") for name in self.names())

    def write(self, name: str, content: bytes) -> None:
        """Writes an object, as a user outside Pulumi does."""
        media = MediaInMemoryUpload(content, mimetype="application/octet-stream")
        self.emulator.storage().objects().insert(bucket=self.bucket, name=name, media_body=media).execute()

    def remove(self, name: str) -> None:
        """Deletes an object, as a user outside Pulumi does."""
        self.emulator.storage().objects().delete(bucket=self.bucket, object=name).execute()


ALL_FILES = {"saved_model.pb", "notes.txt", "manifest.json"}


@pytest.fixture
def shared(emulator: RunningEmulator, project: str, tmp_path: Path) -> Shared:
    """An empty bucket."""
    return Shared(emulator, project, tmp_path)
