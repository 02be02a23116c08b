"""A process that times direct calls of a SavedModel's signature: `python -m benchmarks.direct FOLDER THREADS`.

The first line that it reads is one instance as JSON, each line after it a number of calls; each is answered by a line:
the p50 of those calls in milliseconds.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable


def main(folder: str, threads: int) -> None:
    """Answers lines until there are no more."""
    call = _loaded(folder, threads, sys.stdin.readline())
    call()
    print("ready", flush=True)
    for line in sys.stdin:
        print(statistics.median(_timed(call) for _ in range(int(line))), flush=True)


def _loaded(folder: str, threads: int, instance: str) -> Callable[[], object]:
    import numpy as np
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
    loaded = tf.saved_model.load(folder)
    signature = loaded.signatures["serving_default"]
    ((name, spec),) = signature.structured_input_signature[1].items()
    batch = np.array([json.loads(instance)], spec.dtype.as_numpy_dtype)

    def call(kept: object = loaded) -> object:  # the signature alone does not hold the variables
        del kept
        return [tensor.numpy() for tensor in signature(**{name: tf.constant(batch)}).values()]

    return call


def _timed(call: Callable[[], object]) -> float:
    begin = time.perf_counter()
    call()
    return (time.perf_counter() - begin) * 1e3


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
