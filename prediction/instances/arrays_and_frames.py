"""Converts NumPy arrays and DataFrames to instances, and predictions to them. Only `frame` imports pandas."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from artifact_format import signatures
from artifact_format.signatures import Tensors
from gcp import errors
from prediction.errors import PredictionFailed

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Array = npt.NDArray[np.generic]


def is_frame(instances: Any) -> bool:
    """Whether this is a DataFrame. Does not import pandas: whoever has a DataFrame has imported it."""
    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(instances, pandas.DataFrame)


def rows(instances: Any, inputs: Tensors) -> Iterable[Any]:
    """The instances one by one. Columns (a DataFrame, or a mapping of input to values) become `{input: value}` per row.

    Args:
        instances: a list, an array of shape (n, ...), a mapping `{input: n values}`, or a DataFrame of n rows.
        inputs: of the signature. A number or text in a column is put into a list if the model takes the shape [1].

    Raises:
        InvalidInput: a column is not a list of values, comes twice, or differs in length.
    """
    if not is_frame(instances) and not isinstance(instances, Mapping):
        return instances  # type: ignore[no-any-return]  # `request_bodies.pack` checks the type
    names = Counter(str(name) for name in instances)
    repeated = next((name for name, count in names.items() if count > 1), None)
    if repeated is not None:
        raise errors.InvalidInput([("instances", f"have the column {repeated} twice: drop or rename one")])
    columns = {str(name): instances[name] for name in instances}
    lengths = {name: _length(name, column) for name, column in columns.items()}
    if len(set(lengths.values())) > 1:
        shown = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise errors.InvalidInput([("instances", f"columns must have the same length; got {shown}")])
    wrapped = {name for name, spec in inputs.items() if list((spec.get("shape") or ())[1:]) == [1]}
    return _rows(columns, wrapped)


def _length(name: str, column: Any) -> int:
    if isinstance(column, str | bytes | Mapping) or not hasattr(column, "__len__") or getattr(column, "ndim", 1) == 0:
        reason = f"in a mapping must be columns, each a list of values; {name} is of type {type(column).__name__}"
        raise errors.InvalidInput([("instances", f"{reason}. A single instance is a list with one mapping, [{{...}}]")])
    return len(column)


def _rows(columns: Mapping[str, Any], wrapped: set[str]) -> Iterator[dict[str, Any]]:
    names = list(columns)
    for values in zip(*columns.values(), strict=True):
        row = dict(zip(names, values, strict=True))
        yield {name: [value] if name in wrapped and _is_bare(value) else value for name, value in row.items()}


def _is_bare(value: Any) -> bool:
    return not isinstance(value, list | tuple) and getattr(value, "ndim", 0) == 0


def arrays(predictions: Sequence[Any], output: str | None = None) -> dict[str, Array]:
    """Predictions as an array of shape (n, ...) per output. Bare predictions are named `output` or else `prediction`.

    Raises:
        PredictionFailed: the predictions of an output have different shapes.
    """
    return {name: _array(values, name) for name, values in _by_output(predictions, output).items()}


def frame(predictions: Sequence[Any], *, output: str | None, classes: Sequence[str], index: Any) -> Any:
    """Predictions as a DataFrame, with a column per output, or per element if an output is a list.

    Args:
        predictions: as the endpoint returned them.
        output: name of the signature's only output. Default: `prediction`.
        classes: names for the elements of a list with the same length; other columns are numbered.
        index: of the frame.

    Raises:
        InvalidInput: pandas is not installed.
    """
    try:
        import pandas
    except ModuleNotFoundError:
        raise errors.InvalidInput([("pandas", "is required for DataFrames: pip install pandas")]) from None
    table: dict[str, Any] = {}
    for name, column in _by_output(predictions, output).items():
        table |= _spread(name, column, classes)
    return pandas.DataFrame(table, index=index)


def _spread(name: str, column: Sequence[Any], classes: Sequence[str]) -> dict[str, Sequence[Any]]:
    sizes = {len(value) if isinstance(value, list) else 0 for value in column}
    size = sizes.pop() if len(sizes) == 1 else 0
    if size == 0:
        return {name: column}
    if size == 1:
        return {name: [value[0] for value in column]}
    names = classes if len(classes) == size else [f"{name}_{index}" for index in range(size)]
    return {each: [value[index] for value in column] for index, each in enumerate(names)}


def _by_output(predictions: Sequence[Any], output: str | None) -> dict[str, list[Any]]:
    if predictions and all(map(signatures.is_named, predictions)):
        return {name: [each[name] for each in predictions] for name in predictions[0]}
    return {output or "prediction": list(predictions)}


def _array(values: Sequence[Any], name: str) -> Array:
    import numpy as np

    try:
        return np.asarray(values)
    except ValueError:
        raise PredictionFailed(f"{name}: the predictions have different shapes: use predict") from None
