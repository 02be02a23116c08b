"""The article's first client: asks for the classes of some images, and draws them beside the answers.

Written anew from the article's text. It knows Google's own address alone: `clothes.py PROJECT PICTURE.png`.
"""

from __future__ import annotations

import sys
from typing import Any

import googleapiclient.discovery
import matplotlib
import numpy as np
from matplotlib import pyplot

from models.data import fashion

matplotlib.use("Agg")
CLOUD_PROJECT, PICTURE = sys.argv[1:]
class_names = fashion.CLASSES
test_images = fashion.load("sample").test / 255.0


def predict_json(project: str, model: str, instances: list[Any], version: str | None = None) -> Any:
    """The predictions of a deployed model."""
    service = googleapiclient.discovery.build("ml", "v1")
    name = f"projects/{project}/models/{model}"
    if version is not None:
        name += f"/versions/{version}"
    response = service.projects().predict(name=name, body={"instances": instances}).execute()
    if "error" in response:
        raise RuntimeError(response["error"])
    return response["predictions"]


test_predictions = predict_json(CLOUD_PROJECT, "fashion_mnist", test_images[:5].tolist())
print(np.argmax(test_predictions[0]["softmax"]), len(test_predictions[0]["softmax"]))

figure, axes = pyplot.subplots(1, 5)
for place, prediction in enumerate(test_predictions):
    label = class_names[int(np.argmax(prediction["softmax"]))]
    print(label)
    axes[place].imshow(test_images[place], cmap="binary")
    axes[place].set_xlabel(label)
figure.savefig(PICTURE)
