"""The error of a model that refuses or fails; every other error of this package is one of `gcp.errors`."""

from __future__ import annotations

from gcp.errors import Error


class PredictionFailed(Error):
    """The model refused or failed, or its answer cannot be used.

    Attributes:
        instance: index of the first instance that does not match the signature; None if unknown.
    """

    instance: int | None = None
