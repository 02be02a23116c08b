"""Predictions as a picture, a PNG."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from textwrap import fill
from typing import Any

from gcp import errors
from prediction.evaluation.cases import Case, class_name
from prediction.output import charts
from prediction.output.charts import LITERAL

MOST_CASES = 30
"""Number of images in one picture that people can still read."""
_MOST_BARS = 10
"""Number of classes beside an image: the most probable ones and the true one."""
_PAIRS_PER_ROW = 3
_MOST_LETTERS = 20
_RIGHT, _WRONG, _UNKNOWN, _OTHER = "#1f5fbf", "#c8281e", "#444444", "#b8bcc2"


def write(
    path: Path,
    cases: Sequence[Case],
    classes: Sequence[str],
    title: str,
    *,
    kind: str = "probabilities",
    output: str | None = None,
) -> int:
    """Writes a picture; returns the number of cases that it shows.

    `probabilities` and `mistakes` show up to `MOST_CASES` images beside the probabilities of their classes: blue is
    right, red is wrong, grey has no label. `mistakes` shows only wrong predictions, the most certain ones first.
    `confusion` and `scores` show all cases, see `prediction.output.charts`.

    Args:
        path: of the PNG.
        cases: instances with their predictions.
        classes: names of the classes; empty if they are not known.
        title: model, version and endpoint.
        kind: one of `picture_kinds.KINDS`.
        output: name of the signature's only output, for an axis.

    Raises:
        InvalidInput: this kind of picture cannot show such cases.
        Error: there is nothing to draw, or the file cannot be written.
    """
    if not cases:
        raise errors.Error("no predictions to draw")
    if kind == "confusion":
        return _saved(charts.confusion(cases, classes, title), path, len(cases))
    if kind == "scores":
        return _saved(charts.scores(cases, classes, title, output or "prediction"), path, len(cases))
    if kind == "mistakes":
        count, cases = len(cases), _mistakes(cases, classes)
        title = f"{title}: {len(cases)} of {count} wrong, the most certain first"
    return _saved(_images(cases[:MOST_CASES], classes, title), path, min(MOST_CASES, len(cases)))


def _mistakes(cases: Sequence[Case], classes: Sequence[str]) -> list[Case]:
    """The cases that the model got wrong, the most certain ones first."""
    if all(case.label is None for case in cases):
        raise errors.InvalidInput([("--kind", f"mistakes needs labels: {charts.GIVE_LABELS}")])
    wrong = [case for case in cases if case.is_right(classes) is False]
    if not wrong:
        raise errors.Error(f"no mistakes to draw: all {len(cases)} predictions are right")
    return sorted(wrong, key=lambda case: -max(case.probabilities or [0.0]))


def _saved(figure: Any, path: Path, shown: int) -> int:
    try:
        figure.savefig(path, format="png")
    except OSError as error:
        raise errors.Error(f"cannot write {path}: {error.strerror}") from None
    return shown


def _images(cases: Sequence[Case], classes: Sequence[str], title: str) -> Any:
    images = [_image(case, index) for index, case in enumerate(cases)]
    figure, axes = _grid(len(cases), title)
    for place in range(len(axes) // 2):
        picture, bars = axes[2 * place], axes[2 * place + 1]
        if place >= len(cases):
            picture.set_axis_off()
            bars.set_axis_off()
            continue
        _show_image(picture, images[place], cases[place], classes)
        _show_bars(bars, cases[place], classes)
    return figure


def _grid(count: int, title: str) -> tuple[Any, Any]:
    """A figure, and its axes in pairs."""
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    pairs = min(_PAIRS_PER_ROW, count)
    rows = -(-count // pairs)
    figure = charts.canvas((5.6 * pairs, 2.6 * rows + 0.5), ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.1))
    figure.suptitle(fill(title, 58 * pairs), fontsize=11, **LITERAL)
    return figure, figure.subplots(rows, 2 * pairs, squeeze=False, width_ratios=[1, 1.25] * pairs).flatten()


def _show_image(axes: Any, image: Any, case: Case, classes: Sequence[str]) -> None:
    predicted = f"{_short(class_name(case.best, classes))} {max(case.probabilities or [0.0]):.0%}"
    truth = "" if case.label is None else f"\n(is {_short(class_name(case.label, classes))})"
    axes.imshow(image, cmap="binary")
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_xlabel(predicted + truth, color=_colour(case, classes), fontsize=9.5, **LITERAL)


def _show_bars(axes: Any, case: Case, classes: Sequence[str]) -> None:
    values = case.probabilities or []
    shown = _shown(case, classes)
    names = [class_name(index, classes) for index in shown]
    labels = [_short(name) for name in names]
    true = None if case.label is None else class_name(case.label, classes)
    colours = [_OTHER] * len(shown)
    for place, (index, name) in enumerate(zip(shown, names, strict=True)):
        if index == case.best:
            colours[place] = _colour(case, classes)
        elif name == true:
            colours[place] = _RIGHT
    places = range(len(shown))
    axes.barh(places, [values[index] for index in shown], color=colours, height=0.75)
    axes.set_yticks(places, labels=labels, fontsize=8, **LITERAL)
    for label, colour in zip(axes.get_yticklabels(), colours, strict=True):
        if colour != _OTHER:  # the bar of the true class may be too short to see
            label.set(color=colour, fontweight="bold")
    axes.invert_yaxis()
    axes.set_xlim(0, 1)
    axes.set_xticks([0, 0.5, 1], labels=["0%", "50%", "100%"], fontsize=8)
    axes.tick_params(length=0)
    axes.spines[["top", "right", "bottom"]].set_visible(False)
    axes.grid(axis="x", color="#e6e6e6")
    axes.set_axisbelow(True)


def _shown(case: Case, classes: Sequence[str]) -> list[int]:
    """The indices of the classes that get a bar: all of them, or the most probable ones and the true one."""
    values = case.probabilities or []
    if len(values) <= _MOST_BARS:
        return list(range(len(values)))
    order = sorted(range(len(values)), key=lambda index: -values[index])
    true = None if case.label is None else class_name(case.label, classes)
    rest = [index for index in order[_MOST_BARS:] if class_name(index, classes) == true]
    return sorted([*order[: _MOST_BARS - len(rest)], *rest])


def _short(name: str) -> str:
    """The name, shortened to leave room for the picture."""
    return name if len(name) <= _MOST_LETTERS else f"{name[: _MOST_LETTERS - 1]}…"


def _colour(case: Case, classes: Sequence[str]) -> str:
    return {None: _UNKNOWN, True: _RIGHT, False: _WRONG}[case.is_right(classes)]


def _image(case: Case, index: int) -> Any:
    """The instance as an array of H x W grey or H x W x 3 coloured pixels, 0 to 1."""
    import numpy as np

    value = case.instance
    if isinstance(value, dict) and len(value) == 1:
        value = next(iter(value.values()))
    try:
        image = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        image = np.zeros(0)
    if image.ndim == 3 and image.shape[2] == 1:
        image = image[:, :, 0]
    coloured = image.ndim == 3 and image.shape[2] == 3
    if case.probabilities is None or not (image.ndim == 2 or coloured) or min(image.shape[:2]) < 2:
        scores = "; with labels, --kind scores shows one probability" * (charts.kind_for(case) == "scores")
        reason = f"--plot needs images (rows of pixels) and probabilities of classes{scores}"
        raise errors.InvalidInput([(f"instances[{index}]", reason)])
    return image / max(1.0, float(image.max())) if coloured else image
