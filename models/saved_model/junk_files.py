"""Files that systems and editors leave beside others: they are not part of a SavedModel, whatever folder they are in.

Only these names count as such. Anything else may be read by a loader (legacy Keras exports have `keras_metadata.pb`,
others files of their own), and an artifact without it would have another content digest.
"""

from __future__ import annotations

_NAMES = {".DS_Store", "Thumbs.db"}
_STARTS = ("._",)
_ENDS = ("~", ".swp")
_FOLDER = "__MACOSX"
"""What macOS adds to a zip file: everything below it is junk."""


def is_junk(path: str) -> bool:
    """Whether a file is junk by its name: a POSIX path below the artifact's folder."""
    *folders, name = path.split("/")
    return _FOLDER in folders or name in _NAMES or name.startswith(_STARTS) or name.endswith(_ENDS)
