"""A program that rehearses endless trainings and prints the error of each as JSON."""

from __future__ import annotations

import json
from typing import Any

import keras
import numpy as np

from models.builder.rehearsal import rehearse
from models.core.errors import BuildError
from models.core.recipe import Parameter, Recipe, Report, Sample, Trained, Values

SEED = {"seed": Parameter(1, "")}
BITS = np.eye(8, dtype="float32")
GOOD = BITS[0].tolist()


class Subclass(keras.Model):  # type: ignore[misc]  # Keras has no types
    """A model whose inputs have no names."""

    def __init__(self) -> None:
        super().__init__()
        self.dense = keras.layers.Dense(1)

    def call(self, given: Any) -> Any:
        """The answer of the layer."""
        return self.dense(given)


def functional() -> Any:
    """A model with one named input and one named output."""
    bits = keras.Input((8,), name="bits")
    return keras.Model({"bits": bits}, {"odd": keras.layers.Dense(1)(bits)})


def unbuilt() -> Any:
    """A Sequential whose shape comes from the first batch."""
    return keras.Sequential([keras.layers.Dense(1)])


def trained(model: Any, *samples: Sample) -> Trained:
    """The model after an endless training."""
    model.compile(loss="mse", metrics=["mae"])
    history = model.fit(BITS, BITS[:, 0], 4, epochs=10**9, verbose=0, callbacks=[])
    loss, _ = model.evaluate(BITS, BITS[:, 0], batch_size=4, verbose=0)
    return Trained(model, {"loss": loss, "mae": history.history["mae"][-1]}, samples)


def looping(_parameters: Values, report: Report) -> Trained:
    """A training with its own loop, which the rehearsal skips."""
    for epoch in range(10**9):
        report(epoch, 10**9, "")
    raise AssertionError


def raising(_parameters: Values, _report: Report) -> Trained:
    """A failing training, which the rehearsal does not report."""
    raise ZeroDivisionError


CASES = {
    "shape": lambda *_: trained(functional(), Sample([GOOD], 1)),
    "second": lambda *_: trained(functional(), Sample(GOOD, 1), Sample(GOOD[1:], 1)),
    "unbuilt shape": lambda *_: trained(unbuilt(), Sample([GOOD], 1)),
    "type": lambda *_: trained(functional(), Sample(["a"] * 8, 1)),
    "name": lambda *_: trained(functional(), Sample({"bit": GOOD}, 1)),
    "array": lambda *_: trained(functional(), Sample(BITS[0], 1)),
    "label": lambda *_: trained(functional(), Sample(GOOD, np.int64(1))),
    "subclass": lambda *_: trained(Subclass(), Sample(GOOD, 1)),
    "good": lambda *_: trained(functional(), Sample(GOOD, 1)),
    "named": lambda *_: trained(functional(), Sample({"bits": GOOD}, 1)),
    "unbuilt": lambda *_: trained(unbuilt(), Sample(GOOD, 1)),
    "loop": looping,
    "raising": raising,
}
"""Name -> `train` of a recipe."""


def main() -> None:
    """Rehearses all of them; nothing else may run TensorFlow in this process."""
    found = {}
    for name, train in CASES.items():
        found[name] = ""
        try:
            rehearse(Recipe(summary="", train=train, parameters=SEED), {"seed": 1})
        except BuildError as error:
            found[name] = str(error)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
