"""What a recipe is.

To put your own model in, write `models/NAME.py` with one constant `RECIPE`:

    RECIPE = Recipe(summary=..., parameters={"seed": Parameter(1, "..."), ...}, data=..., train=...)

and import TensorFlow, Keras and numpy only inside functions, so that preview can read the file without them.
Every `.py` file in `models/` whose name starts with a letter is a recipe.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Value = int | float | str | bool
Values = Mapping[str, Any]
Report = Callable[[int, int, str], None]
"""Called as `report(done, total, text)`: how far the training is, and what to show beside it."""


@dataclass(frozen=True)
class Parameter:
    """A parameter of a recipe. Its type is that of its default.

    Attributes:
        default: the value where none is given.
        help: one line for `python -m models list`.
        minimum: the least number allowed, if there is one.
        choices: the only values allowed, if there are such.
    """

    default: Value
    help: str
    minimum: float | None = None
    choices: tuple[Value, ...] = ()


@dataclass(frozen=True)
class Sample:
    """A sample instance: what a client may send, and the truth about it.

    Attributes:
        instance: JSON; the bare value where the model has one input, else `{input: value}`.
        label: JSON; the true label, or None where it is not known.
    """

    instance: Any
    label: Any = None


@dataclass(frozen=True)
class Trained:
    """What training gives.

    Attributes:
        model: a functional `keras.Model` with a dict of named inputs and a dict of named outputs. These are the names
            in the signature `serving_default`; the first dimension of each is the batch.
        metrics: flat numbers for the card, rounded there to 4 digits.
        samples: sample instances; the exporter adds what the exported model answers.
        classes: the names of the classes, in the order of the output, where there are such.
    """

    model: Any
    metrics: Mapping[str, float]
    samples: Sequence[Sample]
    classes: Sequence[str] = ()


def _no_data(_: Values) -> Sequence[str]:
    return ()


@dataclass(frozen=True)
class Recipe:
    """One kind of model.

    Attributes:
        summary: one line for `python -m models list`.
        train: trains with these parameters; may import TensorFlow. The seed is set before it is called.
        parameters: by name; `seed`, an int, must be among them.
        data: the names in `models/data/SHA256SUMS` of the data that `train` reads with these parameters.
    """

    summary: str
    train: Callable[[Values, Report], Trained]
    parameters: Mapping[str, Parameter]
    data: Callable[[Values], Sequence[str]] = field(default=_no_data)
