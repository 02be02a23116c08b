"""A figure, and how a run's figures are shown and kept."""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

MB = 1e6

Say = Callable[[str], None]
"""Shows what is being done."""


class BenchmarkError(Exception):
    """A figure cannot be measured; the message says why."""


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One row.

    Attributes:
        what: what was measured.
        measured: in `unit`.
        bound: the most that `measured` may be, or the least; None where the figure is for information.
        at_least: whether `bound` is the least.
        unit: empty for ratios and counts.
        spread: of what `measured` is the median or the maximum, and what it was made of.
    """

    what: str
    measured: float
    bound: float | None = None
    at_least: bool = False
    unit: str = ""
    spread: str = ""

    @property
    def holds(self) -> bool:
        """Whether it is within its bound."""
        if self.bound is None:
            return True
        return self.measured >= self.bound if self.at_least else self.measured <= self.bound


@dataclass(frozen=True)
class Pairs:
    """What the pairs of a comparison gave, one value each."""

    values: Sequence[float]

    @property
    def median(self) -> float:
        """The figure."""
        return statistics.median(self.values)

    @property
    def spread(self) -> str:
        """How far the pairs lie apart."""
        return f"{len(self.values)} pairs, {min(self.values):.2f} to {max(self.values):.2f}"


def alternate(count: int, first: Callable[[], float], second: Callable[[], float]) -> Iterator[tuple[float, float]]:
    """Runs both by turns, `count` times; every other pair begins with the second, so that neither is always warm."""
    for number in range(count):
        if number % 2:
            later = second()
            yield first(), later
        else:
            yield first(), second()


def show(figures: Sequence[Figure], console: Console) -> None:
    """Prints the table."""
    table = Table(box=box.SIMPLE)
    table.add_column("figure")
    for heading in ("measured", "bound"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    table.add_column("spread")
    for figure in figures:
        sign = ">=" if figure.at_least else "<="
        bound = "" if figure.bound is None else f"{sign} {_number(figure.bound, figure.unit)}"
        verdict = "" if figure.bound is None else "[green]pass[/]" if figure.holds else "[bold red]FAIL[/]"
        table.add_row(figure.what, _number(figure.measured, figure.unit), bound, verdict, figure.spread)
    console.print(table)


def write(figures: Sequence[Figure], file: Path) -> None:
    """Writes them as JSON: a list of the attributes of `Figure`, and `holds`."""
    rows = [{**asdict(figure), "holds": figure.holds} for figure in figures]
    file.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


def _number(value: float, unit: str) -> str:
    text = f"{value:.0f}" if value == int(value) or abs(value) >= 100 else f"{value:.2f}"
    return f"{text} {unit}".rstrip()
