"""Trains and exports the article's two models like the article, with its Keras: `python make_models.py FOLDER`."""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from typing import Any

import tensorflow as tf
import tf_keras as keras

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT))

from models.data import fashion  # noqa: E402 - it is run as a script

NUMBERS = ("age", "trestbps", "chol", "thalach", "oldpeak", "slope", "ca")
THAL = ("fixed", "normal", "reversible")


def clothes(folder: Path) -> None:
    """Layers whose last one is named `softmax`, which is also the name of the output."""
    images = fashion.load("sample")
    model = keras.Sequential(
        [
            keras.layers.Flatten(input_shape=(28, 28)),
            keras.layers.Dense(32, activation="relu"),
            keras.layers.Dense(10, activation="softmax", name="softmax"),
        ]
    )
    adam = keras.optimizers.legacy.Adam(0.003)  # its slots make the export one that only a session can load
    model.compile(optimizer=adam, loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(images.train[:4000] / 255.0, images.train_labels[:4000], epochs=2, verbose=0)
    model.save(str(folder), save_format="tf")


def heart(folder: Path) -> None:
    """Feature columns and dense layers, trained on a data set: Keras names the output `output_1`."""
    rows = list(csv.DictReader((ROOT / "models" / "data" / "heart.csv").open(encoding="utf-8")))
    rows = [row for row in rows if row["thal"] in THAL and row["ca"] not in ("", "?")]
    features: dict[str, Any] = {name: [[float(row[name])] for row in rows] for name in NUMBERS}
    features["thal"] = [[row["thal"]] for row in rows]
    target = [int(row["target"]) for row in rows]
    numeric = [tf.feature_column.numeric_column(name) for name in NUMBERS]
    thal = tf.feature_column.categorical_column_with_vocabulary_list("thal", THAL)
    columns = [*numeric, tf.feature_column.embedding_column(thal, dimension=8)]
    model = keras.Sequential(
        [keras.layers.DenseFeatures(columns), keras.layers.Dense(16, activation="relu"), keras.layers.Dense(1)]
    )
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    model.compile(optimizer=keras.optimizers.legacy.Adam(), loss=loss, metrics=["accuracy"])
    model.fit(tf.data.Dataset.from_tensor_slices((features, target)).batch(32), epochs=2, verbose=0)
    model.save(str(folder), save_format="tf")


def main(folder: Path) -> None:
    """Writes both models into folders with their names."""
    clothes(folder / "fashion_mnist")
    heart(folder / "hd_prediction")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
