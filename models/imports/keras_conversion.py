"""The process that exports a `.keras` file as a SavedModel: `python -m models.imports.keras_conversion FILE FOLDER`.

It prints `{"keras": VERSION}`, or one line with the reason on standard error, with exit code 1.

Keras collects the variables in varying order: the same file gives the same model, but in different bytes each time.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

_MOST = 300
"""Longest reason, in characters: Keras prints whole configurations."""


def main() -> int:
    """Loads the file without running code that is stored in it, and exports it; returns the exit code."""
    file, folder = sys.argv[1:]
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # libraries print to standard output, which is for the answer
    import keras
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.experimental.enable_op_determinism()
    keras.utils.set_random_seed(1)
    try:
        keras.saving.load_model(file, compile=False, safe_mode=True).export(folder, verbose=False)
    except Exception as error:  # noqa: BLE001 - a user's model may raise any error
        reason = " ".join(str(error).split())
        sys.stderr.write(f"\n{type(error).__name__}: {reason if len(reason) < _MOST else f'{reason[:_MOST]}...'}\n")
        return 1
    _clean(Path(folder))
    answers.write(json.dumps({"keras": keras.__version__}))
    answers.close()
    return 0


def _clean(folder: Path) -> None:
    """Removes what no loader needs: a random identifier, and an empty folder."""
    (folder / "fingerprint.pb").unlink(missing_ok=True)
    assets = folder / "assets"
    if assets.is_dir() and not any(assets.iterdir()):
        assets.rmdir()


if __name__ == "__main__":
    sys.exit(main())
