"""Recipes, one file each, and what makes artifacts of them.

Importing this package, and resolving an artifact, needs neither TensorFlow nor numpy.
"""

from __future__ import annotations

from models.core.artifact import Artifact
from models.core.errors import ModelsError
from models.core.resolve import resolve

__all__ = ["Artifact", "ModelsError", "resolve"]
