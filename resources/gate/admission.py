"""What may become the default version, or enter the traffic split, as far as inputs alone say: nothing is called. Pure.

`olds` and `news` are the inputs of an `ml.DefaultVersion`, under the API's names: those of the state, empty where it
has none, and those that the program wants.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from resources._values import UNKNOWN
from resources.gate import compatibility

Values = Mapping[str, Any]
_SAMPLES = "add samples of your own (gate.samples: FILE)"


class Verdict(NamedTuple):
    """What is to be said before anything is called.

    Attributes:
        refusals: why it must not go on.
        warnings: what is not checked, or allowed.
    """

    refusals: list[str]
    warnings: list[str]


def judged(olds: Values, news: Values) -> Verdict:
    """What samples and signatures say of the versions that are to serve."""
    verdict = Verdict([], [])
    if news.get("version") == UNKNOWN:  # at preview, where it comes of a resource that is still to be made
        return verdict
    for version in _candidates(olds, news):
        _judge_samples(verdict, olds, news, version)
    for version in _compared(olds, news):
        judge_signatures(verdict, news, version, *signatures(olds, news, version))
    return verdict


def default_changes(olds: Values, news: Values) -> bool:
    """Whether another version is the default by the state."""
    return bool(olds) and olds.get("version") != news.get("version")


def entering(olds: Values, news: Values) -> list[str]:
    """The versions that are to get users by the traffic split and had none before: neither by it nor as the default."""
    known = {news.get("version"), olds.get("version")}
    return sorted(_with_users(news) - _with_users(before(olds, news)) - known)


def before(olds: Values, news: Values) -> dict[str, Any]:
    """The values whose `trafficSplit` clients read: the state's; where it holds none, that of the stack's outputs."""
    known = olds.get("trafficSplit") or (news.get("previousSplit") if olds and news.get("trafficSplit") else None)
    return {"trafficSplit": known if isinstance(known, Mapping) else {}}


def is_explicit(gate: Values) -> bool:
    """Whether a program asks for the gate itself: it says how, and does not skip it."""
    return bool(gate) and not gate.get("skip")


def no_samples(version: str, where: str = "its artifact") -> str:
    """Why a version without samples cannot pass a gate that the program asks for.

    Args:
        version: that has none.
        where: what holds none.
    """
    return (
        f"gate of {version}: expected samples to compare its predictions with, got none: {where} holds none. "
        f"Either {_SAMPLES}, or set gate.skip: true"
    )


def nothing_compared(version: str, where: str = "its artifact") -> str:
    """The warning of a version without samples where the program does not ask for the gate; arguments as above."""
    return (
        f"no gate: {where} holds no samples, so that no prediction of {version} is compared. "
        f"To have them compared, {_SAMPLES}; gate.skip: true says that none are wanted"
    )


def signatures(olds: Values, news: Values, version: str) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """The version that clients call, its signatures, those of the version that is to answer them.

    It is the default by the state; where there is none, the one that the program wants. Signatures are empty where they
    are not known. Of a version that the state does not say them of, those of the stack file count, unless it is the one
    that is to answer: it may have another artifact now.
    """
    current = str(olds.get("version") or news.get("version"))
    written = {} if current == version else known(news, current)
    return current, known(olds, current) or written, known(news, version)


def known(values: Values, version: str) -> dict[str, Any]:
    """The signatures of a version by the inputs; empty where they are not known."""
    return compatibility.readable(_table(values, "signatures").get(version))


def judge_signatures(verdict: Verdict, news: Values, version: str, current: str, old: Values, new: Values) -> None:
    """Adds what is to be said of signatures; empty ones are not known.

    Args:
        verdict: to add to.
        news: the inputs that the program wants.
        version: that is to answer.
        current: the version that clients call.
        old: its signatures.
        new: those of `version`.
    """
    if not old or not new:
        unknown = " and ".join(name for name, found in ((current, old), (version, new)) if not found)
        verdict.warnings.append(
            f"signatures of {current} and {version} not compared: those of {unknown} are not known before `pulumi up`, "
            "which compares them where the manifests beside the SavedModels hold them"
        )
        return
    changes = compatibility.breaking_changes(old, new)
    if changes:
        allowed = news.get("allowBreakingChange")
        told = f"clients of {current} break with {version}: {'; '.join(changes)}"
        if allowed in _names(news, version):
            verdict.warnings.append(f"{told}. allowBreakingChange: {allowed} allows it")
        else:
            verdict.refusals.append(f"{told}. {_way_on(news, version, allowed)}")


def _way_on(news: Values, version: str, allowed: Any) -> str:
    line = f"allowBreakingChange: {_names(news, version)[0]}"
    other = f"allowBreakingChange: {allowed} is meant for {allowed}, not for {version}. " if allowed else ""
    return f"{other}Deploy it as another model, or allow it with this line under the model: `{line}`"


def _names(news: Values, version: str) -> list[str]:
    """By what `allowBreakingChange` may name a version, the best first."""
    digest = _table(_table(news, "artifacts"), version).get("contentDigest")
    return [str(digest), version] if digest else [version]


def _candidates(olds: Values, news: Values) -> list[str]:
    """The versions whose samples matter in this run: of what stays as it is, nothing is asked."""
    version, gate = str(news.get("version")), news.get("gate")
    changes = not olds or default_changes(olds, news) or olds.get("gate") != gate
    return [*([version] if changes else []), *entering(olds, news)]


def warns_of_samples(olds: Values, news: Values, version: str) -> bool:
    """Whether it is known, and to be said, that nothing of a version is compared; a first version passes no gate."""
    gated = default_changes(olds, news) or version != news.get("version")
    return gated and not is_explicit(_table(news, "gate")) and _lacks_samples(news, version)


def _lacks_samples(news: Values, version: str) -> bool:
    """Whether it is known that there is nothing to compare, and not said that nothing shall be."""
    gate, artifact = _table(news, "gate"), _table(_table(news, "artifacts"), version)
    return not gate.get("skip") and not gate.get("samples") and artifact.get("samples") == 0


def _judge_samples(verdict: Verdict, olds: Values, news: Values, version: str) -> None:
    if is_explicit(_table(news, "gate")) and _lacks_samples(news, version):
        verdict.refusals.append(no_samples(version))
    elif warns_of_samples(olds, news, version):
        verdict.warnings.append(nothing_compared(version))


def _compared(olds: Values, news: Values) -> list[str]:
    """The versions whose signatures are compared with those of the default."""
    if not olds:
        return entering(olds, news)
    version = str(news.get("version"))
    again = not default_changes(olds, news) and known(olds, version) and known(news, version)
    return [*([version] if again or default_changes(olds, news) else []), *entering(olds, news)]


def _with_users(values: Values) -> set[str]:
    return {str(version) for version, share in _table(values, "trafficSplit").items() if share}


def _table(values: Values, name: str) -> Values:
    found = values.get(name)
    return found if isinstance(found, Mapping) else {}
