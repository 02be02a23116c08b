"""Which versions newly get users, and what is said of versions before anything is called."""

from __future__ import annotations

from typing import Any

import pytest

from resources.gate import admission
from resources.schema.types import UNKNOWN

BOTH = {"v1": 90, "v2": 10}
OLD = {"defaultVersion": "v1", "trafficSplit": BOTH, "previousSplit": BOTH, "deploymentUris": {"v1": "a", "v2": "b"}}
FIRST = {"defaultVersion": "v1", "trafficSplit": BOTH}

ENTERING = [
    pytest.param(OLD, OLD, [], id="nothing changed"),
    pytest.param(OLD, {**OLD, "trafficSplit": {"v1": 50, "v2": 50}}, [], id="other shares"),
    pytest.param(OLD, {**OLD, "trafficSplit": {"v1": 90, "v3": 10}}, ["v3"], id="another version"),
    pytest.param(OLD, {**OLD, "trafficSplit": {"v1": 90, "v2": 10, "v3": 0}}, [], id="a share of 0"),
    pytest.param(
        {**OLD, "trafficSplit": {"v2": 0}}, {**OLD, "previousSplit": {"v2": 0}}, ["v2"], id="no share of 0 any more"
    ),
    pytest.param({}, FIRST, ["v2"], id="the first split"),
    pytest.param({}, {**FIRST, "previousSplit": BOTH}, [], id="as clients read it already"),
    pytest.param({}, {**FIRST, "previousSplit": {"v1": 100}}, ["v2"], id="another one than clients read"),
    pytest.param(OLD, {**OLD, "previousSplit": {"v1": 100}}, [], id="a version that passed in a run that then failed"),
    pytest.param({}, {**FIRST, "defaultVersion": "v2", "previousDefault": "v1"}, [], id="the old and the new default"),
    pytest.param(OLD, {**OLD, "deploymentUris": {"v1": "c", "v2": "c"}}, ["v2"], id="another artifact"),
]


@pytest.mark.parametrize(("olds", "news", "found"), ENTERING)
def test_a_version_enters_that_had_no_users(olds: dict[str, Any], news: dict[str, Any], found: list[str]) -> None:
    """Neither by the split that clients read, nor as the default, which passes a gate of its own."""
    assert admission.entering(olds, news) == found


def verdict(gate: Any, samples: int | None, olds: Any = None) -> tuple[int, int]:
    """How many refusals and warnings there are of a new default."""
    artifacts = {} if samples is None else {"v2": {"samples": samples}}
    signatures: dict[str, Any] = {name: {"serving_default": {"inputs": {}, "outputs": {}}} for name in ("v1", "v2")}
    news = {"version": "v2", "artifacts": artifacts, "signatures": signatures, **({"gate": gate} if gate else {})}
    found = admission.judge_default({"version": "v1"} if olds is None else olds, news)
    return len(found.refusals), len(found.warnings)


@pytest.mark.parametrize(
    ("gate", "samples", "found"),
    [
        (None, 0, (0, 1)),
        (None, 2, (0, 0)),
        (None, None, (0, 0)),
        ({"maxLatency": 5}, 0, (1, 0)),
        ({"skip": False}, 0, (1, 0)),
        ({"tolerance": 0.1}, 2, (0, 0)),
        ({"maxLatency": 5}, None, (0, 0)),
        ({"maxLatency": 5, "samples": "own.json"}, 0, (0, 0)),
        ({"skip": True}, 0, (0, 0)),
        ({"skip": True, "maxLatency": 5}, 0, (0, 0)),
    ],
)
def test_a_gate_that_is_asked_for_needs_samples(gate: Any, samples: int | None, found: tuple[int, int]) -> None:
    """Without any it is an error; where none is asked for, a warning; what is not known is judged later."""
    assert verdict(gate, samples) == found


def test_a_first_version_is_not_warned_of() -> None:
    """It passes no gate; but a gate that could never check anything is an error from the beginning."""
    assert verdict(None, 0, olds={}) == (0, 0)
    assert verdict({"maxLatency": 5}, 0, olds={}) == (1, 0)


def test_a_split_that_begins_with_the_model_holds_versions_that_the_same_clients_can_call() -> None:
    """They are compared with the default that the program wants; what is not known yet is not judged."""
    outputs = {"v1": "y", "v2": "y", "v3": "z"}
    signatures = {name: {"a": {"inputs": {}, "outputs": {output: "float32[?]"}}} for name, output in outputs.items()}
    news = {"defaultVersion": "v1", "trafficSplit": {"v1": 80, "v2": 10, "v3": 10}, "signatures": signatures}

    [refusal] = admission.judge_split({}, news).refusals
    assert refusal.startswith("clients of v1 break with v3: a output y: expected float32[?], got none. ")
    assert admission.judge_split({}, {**news, "allowBreakingChange": "v3"}).refusals == []
    assert admission.judge_default({"version": "v1"}, {**news, "version": UNKNOWN}) == admission.Verdict([], [])
    assert "`allowBreakingChange: v3`" in refusal


def test_a_digest_of_digits_is_quoted() -> None:
    """YAML would read it as a number."""
    signatures = {"v1": {"a": {"outputs": {"y": "float32[?]"}}}, "v2": {"a": {"outputs": {}}}}
    news = {"version": "v2", "signatures": signatures, "artifacts": {"v2": {"contentDigest": "1234567890123456"}}}

    [refusal] = admission.judge_default({"version": "v1"}, news).refusals
    assert '`allowBreakingChange: "1234567890123456"`' in refusal


@pytest.mark.parametrize(
    ("olds", "version", "held"),
    [
        ({}, "v2", {"v2"}),
        ({"version": "v1", "signatures": {"v1": {}}}, "v2", {"v2"}),
        ({"version": "v1", "signatures": {}}, "v2", {"v1", "v2"}),
        ({"version": "v1"}, "v1", {"v1"}),
        ({"version": "v1"}, "gone", {"v1"}),
    ],
    ids=["first", "known in the state", "unknown in the state", "unchanged", "without an artifact"],
)
def test_a_default_holds_the_signatures_that_a_later_run_asks_for(
    olds: dict[str, Any], version: str, held: set[str]
) -> None:
    """Its own, and those of the version before it where the state lacks them; the same of artifacts."""
    facts: dict[str, Any] = {name: {"samples": 2} for name in ("v1", "v2", "v3")}
    found = admission.kept(olds, {"version": version, "signatures": facts, "artifacts": facts})
    assert (found["version"], set(found["signatures"]), set(found["artifacts"])) == (version, held, held)


def test_a_default_whose_version_is_not_known_yet_holds_all() -> None:
    """In preview its version may be an output of a resource that does not exist."""
    news = {"version": UNKNOWN, "signatures": {"v1": {}, "v2": {}}}
    assert admission.kept({}, news) == news
    assert admission.kept({}, {"version": "v1", "signatures": {"v2": {}}}) == {"version": "v1"}
