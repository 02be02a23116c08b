"""Times direct calls of a signature: `python -m benchmarks.workers.direct FOLDER THREADS BODY`.

BODY is a file with the body of a predict request. For each line `call N` or `whole N` that the process reads, it
prints the p50 of N calls in milliseconds. `call` is a call of the signature alone, with a tensor;
`whole` also parses the body and writes the response with orjson.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson

Call = Callable[[Any], dict[str, Any]]


def main(folder: str, threads: int, body: Path) -> None:
    """Answers lines of standard input until its end."""
    content, call = body.read_bytes(), _loaded(folder, threads)
    tensor = _tensor(content)
    ways: dict[str, Callable[[], object]] = {"call": lambda: call(tensor), "whole": lambda: _whole(content, call)}
    for way in ways.values():
        way()
    print("ready", flush=True)
    for line in sys.stdin:
        way_, count = line.split()
        print(statistics.median(_timed(ways[way_]) for _ in range(int(count))), flush=True)


def _loaded(folder: str, threads: int) -> Call:
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
    loaded = tf.saved_model.load(folder)
    signature = loaded.signatures["serving_default"]
    ((name, _),) = signature.structured_input_signature[1].items()

    def call(batch: Any, kept: object = loaded) -> dict[str, Any]:  # the signature does not keep the variables alive
        del kept
        return {alias: tensor.numpy() for alias, tensor in signature(**{name: batch}).items()}

    return call


def _tensor(content: bytes) -> Any:
    import tensorflow as tf

    return tf.constant(orjson.loads(content)["instances"], tf.float32)


def _whole(content: bytes, call: Call) -> bytes:
    outputs = call(_tensor(content))
    rows = [dict(zip(outputs, row, strict=True)) for row in zip(*outputs.values(), strict=True)]
    return orjson.dumps({"predictions": rows}, option=orjson.OPT_SERIALIZE_NUMPY)


def _timed(call: Callable[[], object]) -> float:
    begin = time.perf_counter()
    call()
    return (time.perf_counter() - begin) * 1e3


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
