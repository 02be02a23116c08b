"""Pictures of predictions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib import image as pictures
from matplotlib.colors import to_rgb
from matplotlib.text import Text

from gcp import errors
from prediction.evaluation.cases import Case
from prediction.output import charts, plot

IMAGE = np.eye(28).tolist()
CLASSES = ["coat", "shirt", "a name that is far too long for the room beside a picture", "cost in $ or $$"]
LIKELY_SHIRT = [0.1, 0.7, 0.15, 0.05]
BLUE, RED = "#1f5fbf", "#c8281e"


def _drawn(tmp_path: Path, cases: list[Case], classes: list[str]) -> np.ndarray[Any, Any]:
    file = tmp_path / "plot.png"
    assert plot.write(file, cases, classes, "m, version v1") == min(len(cases), plot.MOST_CASES)
    return np.asarray(pictures.imread(file))


def _pixels(picture: np.ndarray[Any, Any], colour: str) -> int:
    return int(np.all(np.isclose(picture[..., :3], to_rgb(colour), atol=0.004), axis=-1).sum())


@pytest.mark.parametrize(
    ("label", "blue", "red", "reason"),
    [
        (1, True, False, "a right prediction is blue"),
        (0, True, True, "a wrong one is red, and the truth blue"),
        (None, False, False, "neither where the truth is not known"),
    ],
)
def test_colours(tmp_path: Path, label: int | None, blue: bool, red: bool, reason: str) -> None:
    """Blue is right and red is wrong, as in TensorFlow's tutorial."""
    picture = _drawn(tmp_path, [Case(IMAGE, LIKELY_SHIRT, label)], CLASSES)

    assert (_pixels(picture, BLUE) > 100, _pixels(picture, RED) > 100) == (blue, red), reason


@pytest.mark.parametrize(
    ("instance", "prediction", "reason"),
    [
        (IMAGE, {"softmax": LIKELY_SHIRT}, "a named output"),
        ({"image": IMAGE}, LIKELY_SHIRT, "a named input"),
        (np.eye(5).reshape(5, 5, 1).tolist(), LIKELY_SHIRT, "one channel"),
        (np.full((5, 7, 3), 200).tolist(), LIKELY_SHIRT, "three channels from 0 to 255"),
    ],
)
def test_forms(tmp_path: Path, instance: Any, prediction: Any, reason: str) -> None:
    """Images are rows of pixels, named or bare, grey or coloured."""
    assert _pixels(_drawn(tmp_path, [Case(instance, prediction, 1)], CLASSES), BLUE) > 100, reason


def test_grid(tmp_path: Path) -> None:
    """Cases are in a grid of three pairs; a picture shows at most `MOST_CASES`."""
    one, four, many = (
        _drawn(tmp_path, [Case(IMAGE, LIKELY_SHIRT)] * count, CLASSES).shape for count in (1, 4, plot.MOST_CASES + 1)
    )

    assert four[1] == 3 * one[1]
    assert one[0] < four[0] < many[0]


def test_many_classes(tmp_path: Path) -> None:
    """Of many classes, the most probable ones and the true one, in blue, are drawn."""
    probabilities = [0.05] * 11 + [0.005] * 90
    picture = _drawn(tmp_path, [Case(IMAGE, probabilities, 10)], [])

    assert _pixels(picture, RED) > 100
    assert _pixels(picture, BLUE) > 50


@pytest.mark.parametrize(
    "case",
    [
        Case([1.0, 2.0], LIKELY_SHIRT),
        Case({"age": [1], "sex": [2]}, LIKELY_SHIRT),
        Case([[1.0], ["x"]], LIKELY_SHIRT),
        Case([[1.0, 2.0], [3.0]], LIKELY_SHIRT),
        Case(IMAGE, [0.5]),
        Case(IMAGE, [3.0, 4.0]),
    ],
)
def test_no_image(tmp_path: Path, case: Case) -> None:
    """An instance that is not an image, or has no probabilities, is rejected with its index; no file is written."""
    with pytest.raises(errors.InvalidInput) as caught:
        plot.write(tmp_path / "plot.png", [Case(IMAGE, LIKELY_SHIRT), case], CLASSES, "m")

    assert caught.value.failures[0][0] == "instances[1]"
    assert list(tmp_path.iterdir()) == []


def _written(tmp_path: Path, cases: list[Case], kind: str) -> np.ndarray[Any, Any]:
    file = tmp_path / f"{kind}.png"
    assert plot.write(file, cases, ["coat", "shirt"], "m, version v1", kind=kind, output="score") > 0
    return np.asarray(pictures.imread(file))


def test_mistakes_are_drawn_the_most_certain_first(tmp_path: Path) -> None:
    """Mistakes are cases with another label; right and unlabelled ones are left out."""
    sure, unsure = Case(IMAGE, [0.9, 0.1], 1), Case(np.ones((28, 28)).tolist(), [0.6, 0.4], 1)
    cases = [Case(IMAGE, [0.8, 0.2], 0), unsure, Case(IMAGE, [0.7, 0.3]), sure]

    written = _written(tmp_path, cases, "mistakes")

    title = "m, version v1: 2 of 4 wrong, the most certain first"
    plot.write(tmp_path / "expected.png", [sure, unsure], ["coat", "shirt"], title)
    assert np.array_equal(written, np.asarray(pictures.imread(tmp_path / "expected.png")))


def test_confusion_matrix_is_dark_for_frequent_classes(tmp_path: Path) -> None:
    """Right predictions are dark on the diagonal, wrong ones beside it."""
    right = [Case(0, [0.9, 0.1], 0), Case(0, [0.1, 0.9], 1)]
    wrong = [Case(0, [0.9, 0.1], 1), Case(0, [0.1, 0.9], 0)]
    dark = "#08306b"  # the end of matplotlib's Blues

    first, second = (_written(tmp_path, cases, "confusion") for cases in (right, wrong))

    assert min(_pixels(first, dark), _pixels(second, dark)) > 5_000
    assert not np.array_equal(first, second)


def test_scores_by_label(tmp_path: Path) -> None:
    """Each label has its own histogram, so other labels change the picture."""
    both = _written(tmp_path, [Case(0, [0.1], 0), Case(0, [0.9], 1)], "scores")
    same = _written(tmp_path, [Case(0, [0.1], 0), Case(0, [0.9], 0)], "scores")

    assert both.shape == same.shape
    assert not np.array_equal(both, same)


def _words(figure: Any) -> str:
    """All text in a picture."""
    return "\n".join(text.get_text() for text in figure.findobj(Text))


def test_scores_show_the_area_under_the_curve_and_the_threshold() -> None:
    """The plot shows AUC and threshold with its accuracy; without binary labels it shows neither."""
    cases = [Case(0, [score], truth) for score, truth in ((0.1, 0), (0.4, 0), (0.35, 1), (0.8, 1))]

    two, other = charts.scores(cases, [], "m", "p"), charts.scores([Case(0, [0.1], "a")], [], "m", "p")

    assert "4 instances, AUC 0.7500" in _words(two)
    assert "threshold 0.5:\n3 of 4 right,\naccuracy 75.0%" in _words(two)
    assert [line.get_xdata() for line in two.axes[0].lines] == [[0.5, 0.5]]
    assert "1 instance" in _words(other)
    assert "AUC" not in _words(other)
    assert not other.axes[0].lines


@pytest.mark.parametrize(
    ("kind", "case"),
    [
        ("mistakes", Case(IMAGE, [0.9, 0.1])),
        ("confusion", Case(0, [0.9, 0.1])),
        ("confusion", Case(0, [0.9], 1)),
        ("confusion", Case(0, [0.9, 0.1], 7)),
        ("scores", Case(0, [0.9])),
        ("scores", Case(0, [0.9, 0.1], 1)),
    ],
)
def test_kind_that_cannot_show_the_cases(tmp_path: Path, kind: str, case: Case) -> None:
    """The error says what the kind needs; no file is written."""
    with pytest.raises(errors.InvalidInput):
        plot.write(tmp_path / "plot.png", [case], ["coat", "shirt"], "m", kind=kind)

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("kind", "case", "other"),
    [("confusion", Case(0, [0.9], 1), "scores"), ("scores", Case(0, [0.9, 0.1], 1), "confusion")],
)
def test_error_names_the_right_kind(tmp_path: Path, kind: str, case: Case, other: str) -> None:
    """The error names the kind that shows such predictions."""
    with pytest.raises(errors.InvalidInput, match=f"--kind {other} shows "):
        plot.write(tmp_path / "plot.png", [case], ["coat", "shirt"], "m", kind=kind)


def test_no_picture_without_mistakes(tmp_path: Path) -> None:
    """Without a mistake there is an error, and no file is written."""
    with pytest.raises(errors.Error, match="no mistake"):
        plot.write(tmp_path / "plot.png", [Case(IMAGE, [0.9, 0.1], 0)], ["coat", "shirt"], "m", kind="mistakes")
