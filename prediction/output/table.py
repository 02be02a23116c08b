"""Predictions as a table: coloured on a terminal, plain text elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from prediction.evaluation.cases import Case, class_name, text

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

_RIGHT, _WRONG = "blue", "red"
_WIDE = 1_000_000
"""Width where the output is not a terminal, so that no line is cut or wrapped."""


def show(title: str, cases: Sequence[Case], *, classes: Sequence[str], output: str | None, noun: str) -> None:
    """Prints the title and one row per case to standard output.

    Args:
        title: model, version and endpoint.
        cases: instances with their predictions.
        classes: names of the classes; empty if they are not known.
        output: name of the signature's only output, for the column header.
        noun: what a row is: "sample" or "instance".
    """
    from rich.text import Text

    out = console()
    out.print(Text(title, style="bold"), soft_wrap=True)
    print_table(out, _table(cases, classes, output, noun))


def console() -> Console:
    """Standard output: coloured on a terminal; elsewhere no line is cut or wrapped."""
    from rich.console import Console

    found = Console()
    return found if found.is_terminal else Console(width=_WIDE)


def print_table(out: Console, table: Table) -> None:
    """Prints a table, without trailing spaces if the output is not a terminal."""
    if out.is_terminal:
        out.print(table)
        return
    with out.capture() as captured:
        out.print(table)
    out.file.write("".join(f"{line.rstrip()}\n" for line in captured.get().splitlines()))


def _table(cases: Sequence[Case], classes: Sequence[str], output: str | None, noun: str) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    table.add_column(noun, justify="right")
    labelled = any(case.label is not None for case in cases)
    if all(case.probabilities for case in cases):
        _add_classes(table, cases, classes, labelled=labelled)
    else:
        _add_values(table, cases, classes, output, labelled=labelled)
    return table


def _add_classes(table: Table, cases: Sequence[Case], classes: Sequence[str], *, labelled: bool) -> None:
    table.add_column("predicted")
    table.add_column("probability", justify="right")
    for name in ("truth", "") if labelled else ():
        table.add_column(name)
    for index, case in enumerate(cases):
        best = (case.probabilities or [])[case.best]
        row = [_text(str(index)), _text(class_name(case.best, classes)), _text(f"{best:.1%}")]
        table.add_row(*row, *([_truth(case, classes), _verdict(case, classes)] if labelled else []))


def _add_values(
    table: Table, cases: Sequence[Case], classes: Sequence[str], output: str | None, *, labelled: bool
) -> None:
    single = all(case.probability is not None for case in cases)
    names = {name for case in cases if isinstance(case.prediction, dict) for name in case.prediction}
    header = output or (names.pop() if len(names) == 1 else "prediction")
    table.add_column(header, justify="right" if single else "left", overflow="fold")
    if labelled:
        table.add_column("truth")
    for index, case in enumerate(cases):
        value = f"{case.probability:.4f}" if single else text(case.value)
        table.add_row(_text(str(index)), _text(value), *([_truth(case, classes)] if labelled else []))


def _truth(case: Case, classes: Sequence[str]) -> Text:
    return _text("" if case.label is None else class_name(case.label, classes))


def _verdict(case: Case, classes: Sequence[str]) -> Text:
    right = case.is_right(classes)
    if right is None:
        return _text("")
    return _text("right" if right else "wrong", _RIGHT if right else _WRONG)


def _text(content: str, style: str = "") -> Text:
    """The content unchanged: rich would read `[...]` in a string as markup."""
    from rich.text import Text

    return Text(content, style=style)
