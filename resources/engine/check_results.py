"""Reports what a `check` finds in the inputs: warnings on the resource, and refusals."""

from __future__ import annotations

from resources.engine import engine_process
from resources.engine.provider_context import State
from resources.gate.admission import Verdict
from resources.schema import secrets


def report(verdict: Verdict | None, news: State) -> list[str]:
    """Reports notes and warnings, and returns the refusals.

    Args:
        verdict: what was found; None for nothing.
        news: the inputs that the program wants.
    """
    if verdict is None:
        return []
    reporter = engine_process.Reporter(engine_process.current_urn(), secrets.Hidden(news))
    for text in verdict.notes:
        reporter.note(text)
    for text in verdict.warnings:
        reporter.warn(text)
    return verdict.refusals
