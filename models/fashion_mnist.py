"""Fashion-MNIST classifier: which of ten kinds of clothes an image shows.

The dense network of TensorFlow's basic classification tutorial. An instance is an image: 28 rows of 28 floats from 0
(black) to 1. The output `softmax` is the probability of each of the ten classes.
"""

from __future__ import annotations

from typing import Any

from models.core.recipe import Parameter, Recipe, Report, Sample, Trained, Values
from models.data import fashion

BATCH = 64
LEARNING_RATE = 0.002  # at the start; it falls to 0 along a cosine
SAMPLES = 20


def train(parameters: Values, report: Report) -> Trained:
    """Trains on the images of the data set and measures the accuracy on those held out."""
    images = fashion.load(parameters["data"])
    pixels, held_out = (part.astype("float32") / 255 for part in (images.train, images.test))
    model = _network(parameters["width"])
    _fit(model, pixels, images.train_labels, parameters["epochs"], report)
    loss, accuracy = model.evaluate({"image": held_out}, {"softmax": images.test_labels}, batch_size=1000, verbose=0)
    return Trained(
        model=model,
        metrics={"accuracy": accuracy, "loss": loss, "trainImages": len(pixels), "testImages": len(held_out)},
        samples=[
            Sample([[round(pixel / 255, 4) for pixel in row] for row in image.tolist()], int(label))
            for image, label in zip(images.test[:SAMPLES], images.test_labels[:SAMPLES], strict=True)
        ],
        classes=fashion.CLASSES,
    )


def _network(width: int) -> Any:
    import keras

    image = keras.Input((28, 28), name="image")
    hidden = keras.layers.Dense(width, activation="relu")(keras.layers.Flatten()(image))
    softmax = keras.layers.Softmax(name="softmax")(keras.layers.Dense(len(fashion.CLASSES))(hidden))
    return keras.Model({"image": image}, {"softmax": softmax})


def _fit(model: Any, pixels: Any, labels: Any, epochs: int, report: Report) -> None:
    import keras

    def show(epoch: int, logs: Values) -> None:
        report(epoch + 1, epochs, f"epoch {epoch + 1}/{epochs}, accuracy {logs['accuracy']:.3f}")

    steps = epochs * -(-len(pixels) // BATCH)
    model.compile(
        optimizer=keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(LEARNING_RATE, steps)),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    progress = keras.callbacks.LambdaCallback(on_epoch_end=show)
    model.fit({"image": pixels}, {"softmax": labels}, epochs=epochs, batch_size=BATCH, verbose=0, callbacks=[progress])


RECIPE = Recipe(
    summary="which of ten kinds of clothes an image of 28 x 28 pixels shows",
    train=train,
    parameters={
        "data": Parameter(
            "sample", "10,000 training images that come with the project, or all 60,000", choices=("sample", "full")
        ),
        "epochs": Parameter(10, "passes over the training images", minimum=1),
        "width": Parameter(128, "units of the hidden layer", minimum=1),
        "seed": Parameter(1, "start of the random numbers", minimum=0),
    },
    data=lambda parameters: fashion.data_names(parameters["data"]),
)
