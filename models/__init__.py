"""Recipes, one file each, and what makes artifacts of them.

Importing this package, and resolving an artifact, needs neither TensorFlow nor numpy.
"""

from __future__ import annotations

from models.artifacts.artifact import Artifact
from models.artifacts.resolve import resolve
from models.core.errors import ModelsError

__all__ = ["Artifact", "ModelsError", "resolve"]
