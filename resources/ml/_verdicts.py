"""What a judgement of inputs alone becomes in a `check`: warnings beside the resource, and refusals."""

from __future__ import annotations

from pulumi import dynamic

from resources import _engine, _secrets
from resources._provider import State
from resources.gate.admission import Verdict


def check_result(news: State, verdict: Verdict) -> dynamic.CheckResult:
    """Reports the warnings and returns the result with the refusals.

    Args:
        news: the inputs that the program wants.
        verdict: the judgement of them.
    """
    report = _engine.Reporter(_engine.current_urn(), _secrets.Hidden(news))
    for text in verdict.warnings:
        report.warn(text)
    return dynamic.CheckResult(news, [dynamic.CheckFailure("", reason) for reason in verdict.refusals])
