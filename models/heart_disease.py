"""Heart-disease classifier: the probability that a patient has heart disease, from 13 clinical features.

An instance is `{feature: [value]}`, as the UCI data set of Cleveland codes the features. All are numbers but `thal`, a
string that a lookup layer inside the graph turns into numbers. The output is `prediction_probability`.

Six of the 303 rows are left out. Lines 249 to 254 of the file repeat the six lines above them, the same patients, in
another coding (`cp` from 0, `thal` as "1" and "2", other values of `restecg`, `slope` and `target`): as more patients
they would be false, and they would leak from the training into the held-out folds.

The accuracy is that of 5-fold cross-validation over the 297 rows left; the model exported is trained on all of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from models.core.recipe import Parameter, Recipe, Report, Sample, Trained, Values
from models.data import files, table

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

FILE = "heart.csv"
REPEATED_LINES = range(249, 255)
NUMBERS = ("age", "sex", "cp", "trestbps", "chol", "fbs", "restecg", "thalach", "exang", "oldpeak", "slope", "ca")
THAL = ("fixed", "normal", "reversible")
COLUMNS = {**dict.fromkeys(NUMBERS), "thal": THAL, "target": ("0", "1")}
FOLDS = 5
BATCH = 32
LEARNING_RATE = 0.01
L2 = 0.01
SAMPLES = 20


def read() -> list[table.Row]:
    """The rows of the file, without those that it repeats in another coding.

    Raises:
        DataError: the file is missing, altered, or holds a value that cannot be.
    """
    path = files.FOLDER / FILE
    return table.read_rows(files.read(path, FILE), path, COLUMNS, skip=REPEATED_LINES)


def train(parameters: Values, report: Report) -> Trained:
    """Cross-validates, then trains on all rows."""
    rows = read()
    truth = _column(rows, "target").astype("float32")
    accuracy = _cross_validate(rows, truth, parameters, report)
    model = _fitted(rows, truth, parameters)
    report(FOLDS + 1, FOLDS + 1, f"trained on all {len(rows)} rows")
    return Trained(
        model=model,
        metrics={"accuracy": accuracy, "folds": FOLDS, "rows": len(rows), "rowsLeftOut": len(REPEATED_LINES)},
        samples=[
            Sample({name: [value] for name, value in row.items() if name != "target"}, int(row["target"]))
            for row in rows[:SAMPLES]
        ],
    )


def _cross_validate(rows: list[table.Row], truth: Array, parameters: Values, report: Report) -> float:
    import numpy as np

    right = 0
    folds = np.array_split(np.random.default_rng(parameters["seed"]).permutation(len(rows)), FOLDS)
    for number, fold in enumerate(folds, 1):
        rest = np.setdiff1d(np.arange(len(rows)), fold)
        model = _fitted([rows[i] for i in rest], truth[rest], parameters)
        answers = model(_features([rows[i] for i in fold]))["prediction_probability"]
        right += int(((answers.numpy()[:, 0] > 0.5) == truth[fold]).sum())
        report(number, FOLDS + 1, f"fold {number}/{FOLDS}")
    return right / len(rows)


def _fitted(rows: list[table.Row], truth: Array, parameters: Values) -> Any:
    """A model trained on these rows. The preprocessing is done once, before training, and is a part of the model."""
    import keras

    inputs = {name: keras.Input((1,), name=name) for name in NUMBERS}
    inputs["thal"] = keras.Input((1,), name="thal", dtype="string")
    preprocess = keras.Model(inputs, _preprocessed(inputs, rows))
    network = keras.Sequential(
        [
            keras.Input(preprocess.output.shape[1:]),
            keras.layers.Dense(parameters["width"], activation="relu", kernel_regularizer=keras.regularizers.L2(L2)),
            keras.layers.Dense(1, activation="sigmoid", kernel_regularizer=keras.regularizers.L2(L2)),
        ]
    )
    network.compile(optimizer=keras.optimizers.Adam(LEARNING_RATE), loss="binary_crossentropy")
    features = preprocess(_features(rows)).numpy()
    network.fit(features, truth, epochs=parameters["epochs"], batch_size=BATCH, verbose=0)
    return keras.Model(inputs, {"prediction_probability": network(preprocess(inputs))})


def _preprocessed(inputs: dict[str, Any], rows: list[table.Row]) -> Any:
    import keras

    columns = {name: _column(rows, name).astype("float32") for name in NUMBERS}
    scaled = [
        keras.layers.Normalization(axis=None, mean=float(column.mean()), variance=float(column.var()))(inputs[name])
        for name, column in columns.items()
    ]
    lookup = keras.layers.StringLookup(vocabulary=THAL, output_mode="one_hot")  # one more place is for unknown texts
    return keras.layers.Concatenate()([*scaled, lookup(inputs["thal"])])


def _features(rows: list[table.Row]) -> dict[str, Any]:
    import tensorflow as tf

    numbers = {name: tf.constant(_column(rows, name)[:, None], tf.float32) for name in NUMBERS}
    return {**numbers, "thal": tf.constant([[row["thal"]] for row in rows])}


def _column(rows: list[table.Row], name: str) -> Array:
    import numpy as np

    return np.array([float(row[name]) for row in rows])


RECIPE = Recipe(
    summary="the probability of heart disease, from 13 clinical features",
    train=train,
    parameters={
        "epochs": Parameter(20, "passes over the rows", minimum=1),
        "width": Parameter(16, "units of the hidden layer", minimum=1),
        "seed": Parameter(1, "start of the random numbers", minimum=0),
    },
    data=lambda _: (FILE,),
)
