"""The error of input files that are not what their format says."""

from __future__ import annotations


class MalformedInput(Exception):
    """A file that is not of its format. The text is a clause without the file's name and without a full stop."""
