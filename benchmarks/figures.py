"""Figures, how they are compared with their bounds, shown and written."""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

MB = 1e6

OTHER_PROGRAMS = "other programs on this machine's cores; measure again when it is idle"
"""What affects a ratio of times even if both sides alternate: a side that uses several cores is slowed less."""

Say = Callable[[str], None]
"""Shows the current step."""


class BenchmarkError(Exception):
    """A figure cannot be measured; the message says why."""


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One row of the tables.

    Attributes:
        what: what was measured.
        measured: the value, in `unit`.
        bound: the maximum of `measured`, or the minimum; None if the figure is for information.
        at_least: whether `bound` is the minimum.
        unit: such as `MB`; empty for ratios and counts.
        spread: the number and range of the values behind `measured`, and the values that it compares.
        disturbed_by: what can affect it besides the code; empty for counts.
    """

    what: str
    measured: float
    bound: float | None = None
    at_least: bool = False
    unit: str = ""
    spread: str = ""
    disturbed_by: str = OTHER_PROGRAMS

    @property
    def holds(self) -> bool:
        """Whether it is within its bound."""
        if self.bound is None:
            return True
        return self.measured >= self.bound if self.at_least else self.measured <= self.bound

    @property
    def failure(self) -> str:
        """By how much it fails its bound, and the possible cause; empty if it holds."""
        if self.bound is None or self.holds:
            return ""
        away = abs(self.measured - self.bound)
        share = f"{away / self.bound:.0%} " if self.bound else f"{_number(away, self.unit)} "
        side = "below" if self.at_least else "above"
        line = f"{self.what}: {_number(self.measured, self.unit)} is {share}{side} {_number(self.bound, self.unit)}"
        spread = f" ({self.spread})" if self.spread else ""
        cause = f"Possible cause: {self.disturbed_by}." if self.disturbed_by else "Only the code affects it."
        return f"{line}{spread}. {cause}"


@dataclass(frozen=True)
class Pairs:
    """The values of a comparison, one for each pair."""

    values: Sequence[float]

    @property
    def median(self) -> float:
        """The median of the values."""
        return statistics.median(self.values)

    @property
    def spread(self) -> str:
        """The number of pairs and their range, as text."""
        return f"{len(self.values)} pairs, {min(self.values):.2f} to {max(self.values):.2f}"


def alternate(count: int, first: Callable[[], float], second: Callable[[], float]) -> Iterator[tuple[float, float]]:
    """Runs both alternately, `count` times; every other pair starts with the second, so that neither is always warm."""
    for number in range(count):
        if number % 2:
            later = second()
            yield first(), later
        else:
            yield first(), second()


def show(figures: Sequence[Figure], console: Console) -> None:
    """Prints the figures with a bound, those without, and the failures."""
    bound = [figure for figure in figures if figure.bound is not None]
    if bound:
        table = _table("bounds", "figure", "measured", "bound", "", "spread")
        for figure in bound:
            sign, verdict = ">=" if figure.at_least else "<=", "[green]pass[/]" if figure.holds else "[bold red]FAIL[/]"
            limit = f"{sign} {_number(figure.bound or 0, figure.unit)}"
            table.add_row(figure.what, _number(figure.measured, figure.unit), limit, verdict, figure.spread)
        console.print(table)
    if free := [figure for figure in figures if figure.bound is None]:
        table = _table("for information", "figure", "measured", "spread")
        for figure in free:
            table.add_row(figure.what, _number(figure.measured, figure.unit), figure.spread)
        console.print(table)
    for figure in figures:
        if figure.failure:
            console.print(f"[bold red]FAIL[/] {escape(figure.failure)}", highlight=False, soft_wrap=True)


def _table(title: str, *headings: str) -> Table:
    table = Table(box=box.SIMPLE, title=title, title_justify="left", title_style="bold")
    for heading in headings:
        is_number = heading in ("measured", "bound")
        table.add_column(heading, justify="right" if is_number else "left", no_wrap=is_number or not heading)
    return table


def write(figures: Sequence[Figure], file: Path) -> None:
    """Writes the figures as JSON: a list of objects with the attributes of `Figure` and `holds`."""
    rows = [{**asdict(figure), "holds": figure.holds} for figure in figures]
    file.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


def _number(value: float, unit: str) -> str:
    text = f"{value:.0f}" if value == int(value) or abs(value) >= 100 else f"{value:.2f}"
    return f"{text} {unit}".rstrip()
