"""The interface of a platform, which serves a stack's models and has its own part of the stack file."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from artifact_format.manifest import Artifact
from gcp import errors
from gcp.services import Service
from resources.config.entries import Section
from resources.config.plan import Stack
from resources.config.shared_entries import SharedReader

if TYPE_CHECKING:
    import pulumi

Declared = TypeVar("Declared", bound=Stack)
Save = Callable[..., "Mapping[str, pulumi.Resource]"]
"""Declares the stack's SavedModels, so that they are uploaded after the resources which it is given."""


class Platform(ABC, Generic[Declared]):
    """A platform. Stateless."""

    service: ClassVar[Service]
    """The API that serves its models."""
    keys: ClassVar[type]
    """All keys of a stack file below the project's namespace: the shared ones and the platform's."""

    @abstractmethod
    def sections(self, values: Mapping[str, Any]) -> Iterable[Section]:
        """The sections of its part of a stack file."""

    @abstractmethod
    def read(self, reader: SharedReader) -> Declared:
        """What a stack declares; failures are added to the reader."""

    @abstractmethod
    def with_pins(self, error: errors.InvalidInput, find: Callable[[str], Artifact]) -> errors.InvalidInput:
        """The error, where each line about a wrong artifact also says how to keep the deployed build.

        Args:
            error: of the running stack's configuration.
            find: finds artifacts. Raises `ArtifactError`.
        """

    @abstractmethod
    def declare(
        self, stack: Declared, owner: pulumi.Output[str], bucket: pulumi.Resource, save: Save
    ) -> Iterable[tuple[str, Any]]:
        """Declares the platform's resources and yields the stack's outputs: name and value.

        Args:
            stack: what it declares.
            owner: the stack's `Identity.token`.
            bucket: the stack's.
            save: declares the SavedModels, after the resources that it is given; returns logical name -> SavedModel.
        """
