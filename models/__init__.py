"""Recipes, one file each, and the code that builds artifacts from them.

Importing this package and resolving an artifact need neither TensorFlow nor numpy.
"""

from __future__ import annotations

from artifact_format.manifest import Artifact
from models.artifacts.resolve import resolve
from models.core.errors import ModelsError

__all__ = ["Artifact", "ModelsError", "resolve"]
