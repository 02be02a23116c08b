"""Makes the committed sample of Fashion-MNIST from the whole set: the first images of each class, in their order.

    python -m models.data.sample

It writes models/data/fashion-mnist-sample/ and prints the lines for models/data/SHA256SUMS.
"""

from __future__ import annotations

import gzip
import hashlib
import struct
import sys
from typing import TYPE_CHECKING

from models.core.errors import ModelsError
from models.data import fashion, files

if TYPE_CHECKING:
    from models.data.fashion import Array

TRAIN_PER_CLASS = 1000
TEST_PER_CLASS = 200


def first_per_class(labels: Array, count: int) -> Array:
    """The sorted indices of the first `count` items of each class."""
    import numpy as np

    return np.sort(np.concatenate([np.flatnonzero(labels == label)[:count] for label in range(len(fashion.CLASSES))]))


def idx(array: Array) -> bytes:
    """An array of bytes in the idx format."""
    return bytes((0, 0, 8, array.ndim)) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


def main() -> int:
    """Writes the four files of the sample."""
    try:
        images = fashion.load("full")
    except ModelsError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    train = first_per_class(images.train_labels, TRAIN_PER_CLASS)
    test = first_per_class(images.test_labels, TEST_PER_CLASS)
    arrays = (images.train[train], images.train_labels[train], images.test[test], images.test_labels[test])
    folder = files.FOLDER / fashion.FOLDERS["sample"]
    folder.mkdir(exist_ok=True)
    for name, array in zip(fashion.NAMES, arrays, strict=True):
        content = idx(array)
        (folder / f"{name}.gz").write_bytes(gzip.compress(content, 9, mtime=0))
        sys.stdout.write(f"{hashlib.sha256(content).hexdigest()}  {folder.name}/{name}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
