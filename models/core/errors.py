"""The errors of the package: each text is one plain line that says what, why and what to do next.

ModelsError
├── UsageError      what was asked for cannot be right: no such recipe, a wrong parameter
├── DataError       training data are missing, altered, or hold a value that cannot be
├── FolderError     a SavedModel folder is missing, half-written or altered
└── BuildError      training or export stopped
"""

from __future__ import annotations


class ModelsError(Exception):
    """Any failure that this package reports on purpose."""


class UsageError(ModelsError):
    """There is no such recipe, or a parameter has a wrong name or value."""


class DataError(ModelsError):
    """Training data are missing, altered, or hold a value that cannot be."""


class FolderError(ModelsError):
    """A SavedModel folder is missing, half-written or altered."""


class BuildError(ModelsError):
    """Training or export stopped before the SavedModel was whole."""
