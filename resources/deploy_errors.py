"""Deployment errors that do not come from an API."""

from __future__ import annotations

from gcp.errors import Error


class ArtifactError(Error):
    """A SavedModel is missing, incomplete, altered, or larger than the API allows."""


class GateFailed(Error):
    """A version's predictions do not match its samples, so it does not become the default."""
