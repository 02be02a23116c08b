"""Files that systems and editors leave beside others. They are not part of a SavedModel in any folder.

No other files are left out: a loader may read them (legacy Keras exports have `keras_metadata.pb`, others have
their own files), and without them the content digest would change.
"""

from __future__ import annotations

_NAMES = {".DS_Store", "Thumbs.db"}
_STARTS = ("._",)
_ENDS = ("~", ".swp")
_FOLDER = "__MACOSX"
"""A folder that macOS adds to zip files: everything in it is junk."""


def is_junk(path: str) -> bool:
    """Whether a file is junk. `path` is a POSIX path in the artifact's folder."""
    *folders, name = path.split("/")
    return _FOLDER in folders or name in _NAMES or name.startswith(_STARTS) or name.endswith(_ENDS)
