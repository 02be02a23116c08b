"""A process that times `model.predict` on rows in memory: `python -m benchmarks.workers.in_memory FILE`.

It trains the heart disease recipe's network with its default parameters and reads the rows of FILE, JSON lines. For
each batch size that it then reads as a line, it prints the seconds for all rows.
"""

from __future__ import annotations

import itertools
import json
import sys
import time
from array import array
from pathlib import Path
from typing import Any

from models import heart_disease

_BLOCK = 10_000
_LEAST, _KINDS = 100, 400


def write(file: Path, count: int) -> None:
    """Writes `count` rows: those of the data repeatedly, with `chol` cycling through 400 values from 100."""
    rows = [{name: [value] for name, value in row.items() if name != "target"} for row in heart_disease.read()]
    numbers = zip(range(count), itertools.cycle(rows))
    with file.open("w", encoding="utf-8") as stream:
        while block := list(itertools.islice(numbers, _BLOCK)):
            lines = (json.dumps({**row, "chol": [_LEAST + number % _KINDS]}) for number, row in block)
            stream.writelines(f"{line}\n" for line in lines)


def main(file: str) -> None:
    """Answers lines of standard input until its end."""
    model, features = _trained(), _features(Path(file))
    model.predict(features, batch_size=1 << 14, verbose=0)
    print("ready", flush=True)
    for line in sys.stdin:
        begin = time.perf_counter()
        model.predict(features, batch_size=int(line), verbose=0)
        print(time.perf_counter() - begin, flush=True)


def _trained() -> Any:
    recipe = heart_disease.RECIPE
    defaults = {name: parameter.default for name, parameter in recipe.parameters.items()}
    return recipe.train(defaults, lambda *_: None).model


def _features(file: Path) -> dict[str, Any]:
    import numpy as np
    import tensorflow as tf

    columns: dict[str, Any] = {name: array("f") for name in heart_disease.NUMBERS}
    columns["thal"] = []
    with file.open(encoding="utf-8") as stream:
        for line in stream:
            for name, (value,) in json.loads(line).items():
                columns[name].append(value)
    return {name: tf.constant(np.asarray(values)[:, None]) for name, values in columns.items()}


if __name__ == "__main__":
    main(sys.argv[1])
