"""Errors of deploying that no API answers."""

from __future__ import annotations

from gcp.errors import Error


class ArtifactError(Error):
    """A SavedModel is missing, incomplete, altered or larger than the API takes."""


class GateFailed(Error):
    """A version does not answer its sample instances as it should: it does not become the default."""
