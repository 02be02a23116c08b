"""Which version may become the default or enter the traffic split, judged by inputs alone, without any call. Pure.

`olds` and `news` are inputs of an `ml.DefaultVersion` or `ml.TrafficSplit`, under the API's names: those in the state,
which may be empty, and those that the program wants.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from resources.gate import compatibility
from resources.schema.types import UNKNOWN, table

Values = Mapping[str, Any]
_BY_VERSION = ("signatures", "artifacts")
"""Inputs with what is known about each version."""
_REMEDY = "Add gate.samples: FILE, or set gate.skip: true"


class Verdict(NamedTuple):
    """What to report before any call.

    Attributes:
        refusals: why the run must stop.
        warnings: what is not checked, and what is allowed although it breaks clients.
        notes: what a change means.
    """

    refusals: list[str]
    warnings: list[str]
    notes: tuple[str, ...] = ()


def judge_default(olds: Values, news: Values) -> Verdict:
    """Judges the wanted default version by its samples and signatures."""
    verdict, version = Verdict([], []), str(news.get("version"))
    if version == UNKNOWN:  # in preview, the output of a resource that does not exist yet
        return verdict
    changes = default_changes(olds, news)
    if not olds or changes or olds.get("gate") != news.get("gate"):
        _judge_samples(verdict, news, version, gated=changes)
    if changes or _has_other_signatures(olds, news, version):
        judge_signatures(verdict, news, version, *signatures(olds, news, version))
    return verdict


def _has_other_signatures(olds: Values, news: Values, version: str) -> bool:
    """Whether a version's known signatures have changed, with a new artifact."""
    before, after = (table(values, "signatures").get(version) for values in (olds, news))
    return before != after and bool(known(olds, version) and known(news, version))


def judge_split(olds: Values, news: Values) -> Verdict:
    """Judges the versions that enter the split by their samples and by the default version's signatures."""
    verdict, current = Verdict([], []), str(news.get("defaultVersion"))
    for version in entering(olds, news):
        _judge_samples(verdict, news, version, gated=True)
        judge_signatures(verdict, news, version, current, known(news, current), known(news, version))
    return verdict


def default_changes(olds: Values, news: Values) -> bool:
    """Whether the state has a different default version."""
    return bool(olds) and olds.get("version") != news.get("version")


def entering(olds: Values, news: Values) -> list[str]:
    """The versions that get users by the split and had none before, or whose artifact has changed."""
    before = {*users(previous_split(olds, news)), *users(table(olds, "trafficSplit"))}
    known = {news.get("previousDefault"), news.get("defaultVersion")}
    uris, changed = table(news, "deploymentUris"), table(olds, "deploymentUris")
    again = {version for version, uri in changed.items() if version in uris and uris[version] != uri}
    wanted = users(table(news, "trafficSplit"))
    return sorted((wanted - before - known) | ((wanted & again) - {news.get("defaultVersion")}))


def previous_split(olds: Values, news: Values) -> Values:
    """The split that clients read: from the stack's outputs, else from the state; empty if there is none."""
    return table(news, "previousSplit") or table(olds, "trafficSplit")


def users(split: Values) -> set[str]:
    """The versions of a split that have users."""
    return {str(version) for version, share in split.items() if share}


def is_explicit(gate: Values) -> bool:
    """Whether the program declares a gate and does not skip it."""
    return bool(gate) and not gate.get("skip")


def no_samples(version: str, reason: str = "its artifact has no samples") -> str:
    """The error for a version without samples that needs some for an explicit gate.

    Args:
        version: its name.
        reason: why it has none.
    """
    return f"gate of {version}: {reason}. {_REMEDY}"


def nothing_compared(version: str, reason: str = "its artifact has no samples") -> str:
    """The warning for a version without samples if no gate is declared. Arguments as above."""
    return f"gate not run for {version}: {reason}. {_REMEDY} to silence this"


def kept(olds: Values, news: Values) -> dict[str, Any]:
    """The inputs of an `ml.DefaultVersion`, reduced to those signatures and artifacts that a later run needs.

    These are the version's own, and those of the state's version if the state lacks them. Without this, the state of a
    model with many versions would contain them all.
    """
    version, before = str(news.get("version")), str(olds.get("version"))
    if version == UNKNOWN:
        return dict(news)
    asked = {version} if before in table(olds, "signatures") else {version, before}
    found = dict(news)
    for name in _BY_VERSION:
        found[name] = {key: value for key, value in table(news, name).items() if key in asked}
        if not found[name]:
            del found[name]
    return found


def signatures(olds: Values, news: Values, version: str) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """The version that clients call, its signatures, and those of `version`. Unknown signatures are empty.

    Clients call the state's default version; without a state, the wanted one. Its signatures are from the state, else
    from the stack file, but not for `version` itself, whose artifact may have changed.
    """
    current = str(olds.get("version") or news.get("version"))
    written = {} if current == version else known(news, current)
    return current, known(olds, current) or written, known(news, version)


def known(values: Values, version: str) -> dict[str, Any]:
    """The signatures of a version in the inputs; empty if unknown."""
    return compatibility.readable(table(values, "signatures").get(version))


def judge_signatures(verdict: Verdict, news: Values, version: str, current: str, old: Values, new: Values) -> None:
    """Compares the signatures of two versions and adds a refusal or a warning. Empty signatures are unknown.

    Args:
        verdict: to add to.
        news: the inputs that the program wants.
        version: the version that is to serve.
        current: the version that clients call.
        old: its signatures.
        new: those of `version`.
    """
    if not old or not new:
        unknown = " and ".join(name for name, found in ((current, old), (version, new)) if not found)
        verdict.warnings.append(
            f"signatures of {current} and {version} not compared: those of {unknown} are unknown before `pulumi up`, "
            "which reads them from the manifests of the SavedModels"
        )
        return
    changes = compatibility.breaking_changes(old, new)
    if changes:
        allowed = news.get("allowBreakingChange")
        broken = f"clients of {current} break with {version}: {'; '.join(changes)}"
        if allowed in _names(news, version):
            verdict.warnings.append(f"{broken}. allowBreakingChange: {allowed} allows it")
        else:
            verdict.refusals.append(f"{broken}. {_remedy(news, version, allowed)}")


def _remedy(news: Values, version: str, allowed: Any) -> str:
    name = _names(news, version)[0]
    line = f'allowBreakingChange: "{name}"' if name.isdecimal() else f"allowBreakingChange: {name}"
    other = f"The stack file allows it for {allowed} alone. " if allowed else ""
    return f"{other}Deploy it as another model, or allow it with this line under the model: `{line}`"


def _names(news: Values, version: str) -> list[str]:
    """The names by which `allowBreakingChange` may refer to a version, the best one first."""
    digest = table(table(news, "artifacts"), version).get("contentDigest")
    return [str(digest), version] if digest else [version]


def lacks_samples(news: Values, version: str) -> bool:
    """Whether samples are known to be missing and the gate is not skipped."""
    gate, artifact = table(news, "gate"), table(table(news, "artifacts"), version)
    return not gate.get("skip") and not gate.get("samples") and artifact.get("samples") == 0


def knows_samples(news: Values, version: str) -> bool:
    """Whether the inputs say how many samples there are."""
    return bool(table(news, "gate").get("samples")) or "samples" in table(table(news, "artifacts"), version)


def _judge_samples(verdict: Verdict, news: Values, version: str, *, gated: bool) -> None:
    if not lacks_samples(news, version):
        return
    if is_explicit(table(news, "gate")):
        verdict.refusals.append(no_samples(version))
    elif gated:  # a model's first version passes no gate
        verdict.warnings.append(nothing_compared(version))
