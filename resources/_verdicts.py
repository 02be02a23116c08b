"""Reports what a `check` finds in the inputs alone: warnings on the resource, and refusals."""

from __future__ import annotations

from resources import _engine, _secrets
from resources._call import State
from resources.gate.admission import Verdict


def report(verdict: Verdict | None, news: State) -> list[str]:
    """Reports the warnings and returns the refusals.

    Args:
        verdict: warnings and refusals; None for neither.
        news: the inputs that the program wants.
    """
    if verdict is None:
        return []
    reporter = _engine.Reporter(_engine.current_urn(), _secrets.Hidden(news))
    for text in verdict.warnings:
        reporter.warn(text)
    return verdict.refusals
