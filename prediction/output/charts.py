"""Many labelled predictions as one picture: a confusion matrix, or scores by true label."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import fill
from typing import Any

from command_line import pluralize
from gcp import errors
from prediction.evaluation.assessment import Evaluation, assess_if_comparable
from prediction.evaluation.cases import Case, class_name
from prediction.output.evaluation_report import format_metric

_COLOURS, _HATCHES = ("#1f5fbf", "#d97a00", "#444444", "#7b3294"), ("", "///", "...", "xx")
"""The hatches also distinguish the labels in grey and for colour-blind people."""
GIVE_LABELS = 'use --instances with a file {"instances": [...], "labels": [...]}'
LITERAL: dict[str, Any] = {"parse_math": False}  # a `$` in a name does not start a formula
_SHOWS = {"confusion": "probabilities of classes", "scores": "one probability"}
_BINS = 20
_MOST_CLASSES = 40


def confusion(cases: Sequence[Case], classes: Sequence[str], title: str) -> Any:
    """A confusion matrix; a dark cell is a large share of the instances of its true class.

    Raises:
        InvalidInput: a prediction is not the probabilities of classes, a label is missing, or there are too many
            classes.
    """
    import numpy as np

    _check(cases, "confusion")
    names = [class_name(index, classes) for index in range(len(cases[0].probabilities or []))]
    if len(names) > _MOST_CLASSES:
        raise errors.InvalidInput(
            [("--kind", f"confusion shows at most {_MOST_CLASSES} classes; there are {len(names)}")]
        )
    counts = np.zeros((len(names), len(names)), int)
    for index, case in enumerate(cases):
        true = class_name(case.label, classes)
        if true not in names:
            raise errors.InvalidInput([(f"labels[{index}]", f"must be a class of the model; got {true}")])
        counts[names.index(true), case.best] += 1
    right = int(counts.trace())
    head = f"{title}\n{right} of {len(cases)} right: {right / len(cases):.1%}"
    figure, axes = _figure(head, (4.6 + 0.5 * len(names), 3.4 + 0.45 * len(names)))
    _draw_matrix(figure, axes, counts, names)
    return figure


def _draw_matrix(figure: Any, axes: Any, counts: Any, names: Sequence[str]) -> None:
    shares = counts / counts.sum(axis=1, keepdims=True).clip(1)
    shown = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for row, column in zip(*counts.nonzero(), strict=True):
        colour = "white" if shares[row, column] > 0.5 else "black"
        axes.text(column, row, str(counts[row, column]), ha="center", va="center", color=colour, fontsize=8.5)
    places = range(len(names))
    axes.set_xticks(places, labels=names, rotation=45, ha="right", rotation_mode="anchor", fontsize=9, **LITERAL)
    axes.set_yticks(places, labels=names, fontsize=9, **LITERAL)
    axes.set_xlabel("predicted")
    axes.set_ylabel("truth")
    axes.tick_params(length=0)
    bar = figure.colorbar(shown, ax=axes, shrink=0.7, ticks=[0, 0.5, 1], label="share of the instances of the class")
    bar.ax.set_yticklabels(["0%", "50%", "100%"])


def scores(cases: Sequence[Case], classes: Sequence[str], title: str, output: str) -> Any:
    """The distribution of a single probability, for each true label.

    If the labels are 0 and 1, or false and true, the title has the AUC, and a line marks the threshold from which 1 is
    predicted, with the accuracy at this threshold.

    Raises:
        InvalidInput: a prediction is not one probability, a label is missing, or there are too many labels.
    """
    _check(cases, "scores")
    truths = sorted({class_name(case.label, classes) for case in cases})
    if len(truths) > len(_COLOURS):
        raise errors.InvalidInput([("--kind", f"scores shows at most {len(_COLOURS)} labels; there are {len(truths)}")])
    found = assess_if_comparable(cases, classes)
    area = found.metrics.get("auc") if found else None
    auc = "" if area is None else f", AUC {format_metric('auc', area)}"
    figure, axes = _figure(f"{title}\n{pluralize(len(cases), 'instance')}{auc}", (7.6, 4.4))
    for truth, colour, hatch in zip(truths, _COLOURS, _HATCHES, strict=False):
        values = [case.probability for case in cases if class_name(case.label, classes) == truth]
        label = f"truth {truth} ({len(values)})"
        look = {"color": colour, "edgecolor": colour, "hatch": hatch, "alpha": 0.45}
        axes.hist(values, bins=_BINS, range=(0, 1), histtype="stepfilled", label=label, linewidth=1.5, **look)
    if found and found.threshold is not None:
        _draw_threshold(axes, found)
    axes.set_xlim(0, 1)
    axes.set_xlabel(output, **LITERAL)
    axes.set_ylabel("instances")
    axes.yaxis.get_major_locator().set_params(integer=True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color="#e6e6e6")
    axes.set_axisbelow(True)
    axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
    return figure


def _draw_threshold(axes: Any, found: Evaluation) -> None:
    right = sum(row[index] for index, row in enumerate(found.confusion))
    share = format_metric("accuracy", found.metrics["accuracy"])
    label = f"threshold {found.threshold:g}:\n{right} of {found.rows} right,\naccuracy {share}"
    axes.axvline(found.threshold, color="black", linestyle="--", linewidth=1.2, label=label)


def _check(cases: Sequence[Case], kind: str) -> None:
    """Raises `InvalidInput` unless every case has a label and a prediction that this kind of picture shows."""
    for index, case in enumerate(cases):
        other = kind_for(case)
        if case.label is None:
            reason = f"has no label, which --kind {kind} needs: {GIVE_LABELS}"
        elif other != kind:
            hint = f"; --kind {other} shows {_SHOWS[other]}" if other else ""
            reason = f"--kind {kind} needs {_SHOWS[kind]} as predictions{hint}"
        else:
            continue
        raise errors.InvalidInput([(f"instances[{index}]", reason)])


def kind_for(case: Case) -> str:
    """The kind of chart that shows such predictions; empty if none does."""
    if case.probabilities is not None:
        return "confusion"
    return "scores" if case.probability is not None else ""


def canvas(size: tuple[float, float], layout: Any) -> Any:
    """An empty figure of this size in inches. It is drawn without a window, whatever backend matplotlib is set to."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=size, dpi=120, layout=layout)
    FigureCanvasAgg(figure)
    return figure


def _figure(title: str, size: tuple[float, float]) -> tuple[Any, Any]:
    """A figure with a title and one pair of axes."""
    figure = canvas(size, "constrained")
    figure.suptitle("\n".join(fill(line, int(size[0] * 12)) for line in title.splitlines()), fontsize=11, **LITERAL)
    return figure, figure.subplots()
