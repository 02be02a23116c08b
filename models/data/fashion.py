"""Fashion-MNIST: 28 x 28 grey images of ten kinds of clothes, as the whole set or as the sample in this folder."""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from models.core.errors import DataError
from models.data import files

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[np.uint8]]

CLASSES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)
NAMES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
FOLDERS = {"sample": "fashion-mnist-sample", "full": "fashion-mnist"}
SYSTEM = Path("/usr/share/datasets/fashion-mnist")  # where Debian's package dataset-fashion-mnist puts them
CACHE = Path.home() / ".keras" / "datasets" / "fashion-mnist"  # where Keras puts what it downloads
NETWORK_SECONDS = 20.0


class Images(NamedTuple):
    """Pixels from 0 to 255 and classes from 0 to 9, for training and held out."""

    train: Array
    train_labels: Array
    test: Array
    test_labels: Array


def data_names(which: str) -> tuple[str, ...]:
    """The names in SHA256SUMS of what `load(which)` reads."""
    return tuple(f"{FOLDERS[which]}/{name}" for name in NAMES)


def load(which: str) -> Images:
    """The images and labels of `sample` or `full`; never the one in place of the other.

    Raises:
        DataError: the files are missing, altered, or of another shape.
    """
    folder = files.FOLDER / FOLDERS["sample"] if which == "sample" else find_full(SYSTEM, CACHE, _download)
    arrays = (_array(folder / f"{name}.gz", f"{FOLDERS[which]}/{name}") for name in NAMES)
    return Images(*arrays)


def find_full(system: Path, cache: Path, download: Callable[[], None]) -> Path:
    """The folder of the whole set: the system's package, else what Keras has or now downloads.

    Raises:
        DataError: none of these places has it.
    """
    for folder in (system, cache):
        if all((folder / f"{name}.gz").is_file() for name in NAMES):
            return folder
    try:
        download()
    except OSError as error:
        raise DataError(
            f"the full Fashion-MNIST is neither in {system} nor in {cache}, and its download failed ({error}): "
            f"install Debian's package dataset-fashion-mnist, or take the sample with --set data=sample"
        ) from error
    return cache


def _download() -> None:
    import keras

    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(NETWORK_SECONDS)
    try:
        keras.datasets.fashion_mnist.load_data()
    except Exception as error:  # Keras raises a bare Exception when a download fails
        raise OSError(str(error).splitlines()[0]) from error
    finally:
        socket.setdefaulttimeout(before)


def _array(path: Path, name: str) -> Array:
    """An idx file as an array: two zero bytes, the type (8 is bytes), the number of dimensions, sizes, bytes."""
    import numpy as np

    content = files.read(path, name)
    dimensions = content[3]
    shape = struct.unpack_from(f">{dimensions}I", content, 4)
    return np.frombuffer(content, np.uint8, offset=4 + 4 * dimensions).reshape(shape)
