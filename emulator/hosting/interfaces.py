"""Interfaces to other parts of the emulator for APIs that serve models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from emulator.core.files import StoredObject
from emulator.core.job_spec import JobCounts
from emulator.core.node_limits import Machine, Scale
from emulator.core.predictions import Answer, OutputStyle
from emulator.rest.fast_predict import Node


@dataclass(frozen=True, kw_only=True, slots=True)
class MigratableVersion:
    """A version of one API that another API can import.

    Attributes:
        name: its full name.
        uri: of the folder that it was created from.
        runtime: its runtime version, `2.11`; may be empty.
        folder: its own copy of the SavedModel.
        updated: when it last changed, in ISO 8601.
    """

    name: str
    uri: str
    runtime: str
    folder: Path
    updated: str


class Nodes(Protocol):
    """The nodes of all models. A key is the full name of what they serve, such as a version."""

    async def start(self) -> None:
        """Prepares to load the first version."""

    async def load(
        self,
        key: str,
        folder: Path,
        *,
        nodes: int | Scale,
        machine: Machine | None = None,
        style: OutputStyle | None = None,
    ) -> None:
        """Serves the SavedModel in a folder. Raises `LoadFailed` if it cannot be loaded."""

    async def scale(self, key: str, *, nodes: int | Scale) -> None:
        """Changes the number of nodes. Raises `LoadFailed` if a new node cannot load the model."""

    async def unload(self, key: str) -> None:
        """Stops all nodes, if there are any."""

    async def predict(self, key: str, body: bytes) -> Answer:
        """The response to a request body. Raises `ApiError`."""

    def idlest(self, key: str) -> Node | None:
        """The node for the next request; None if none is ready."""

    def nodes(self, key: str) -> int:
        """How many nodes accept requests."""

    def failure(self, key: str) -> str:
        """Why a model has no nodes although it should; else empty."""


class Objects(Protocol):
    """The objects in the buckets."""

    def under(self, bucket: str, prefix: str) -> Sequence[StoredObject]:
        """The objects whose names start with `prefix`, by name. Raises `NotFound` if the bucket does not exist."""


class JobQueue(Protocol):
    """Runs batch prediction jobs."""

    def add(self, api: str, project: str, id_: str, body: str, etag: str) -> int:
        """Writes a new job of an API in the caller's transaction; returns its number."""

    def remove(self, number: int) -> None:
        """Deletes a job that has ended, in the caller's transaction."""

    def start(self, number: int) -> None:
        """Runs a job once the jobs ahead of it have ended."""

    def cancel(self, number: int) -> bool:
        """Asks a job to stop. False if the job has ended."""

    def counts(self, number: int) -> JobCounts:
        """The counts of a job so far."""

    def position(self, number: int) -> int:
        """How many jobs are ahead of this one."""
