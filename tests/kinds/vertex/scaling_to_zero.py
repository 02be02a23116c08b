"""What v1beta1 alone has of a deployed model's replicas, and every change of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.kinds.rows import Row, Sent
from tests.kinds.vertex.leaves import put
from tests.kinds.vertex.machines import ONE, ZERO
from tests.providers import State

Mutated = Callable[[str, State], tuple[Sent, ...]]
"""Mask and fields -> the call that changes them."""

PREVIEW: State = {"preview": True}
"""What has the resource's calls go to v1beta1."""
_SPEC = "scaleToZeroSpec"
_NO_SPEC = {key: item for key, item in ZERO.items() if key != _SPEC}


def rows(mutated: Mutated) -> list[Row]:
    """The rows of a deployed model, by the call that changes it."""
    return [
        _to_zero(mutated, "initialReplicaCount", "changed", ZERO, {**ZERO, "initialReplicaCount": 2}),
        Row(
            field="dedicatedResources.initialReplicaCount",
            change="given",
            note="with a minimum of 0",
            step="update",
            old=PREVIEW,
            new={"dedicatedResources": {**ONE, "minReplicaCount": 0, "initialReplicaCount": 1}},
            wire=mutated(
                "dedicatedResources.initialReplicaCount,dedicatedResources.minReplicaCount",
                {"dedicatedResources": {"initialReplicaCount": 1, "minReplicaCount": 0}},
            ),
            outside="mended",
        ),
        Row(
            field="dedicatedResources.initialReplicaCount",
            change="taken away",
            note="with a minimum of 1",
            step="update",
            old={"dedicatedResources": _NO_SPEC, **PREVIEW},
            new={"dedicatedResources": ONE, "preview": None},
            wire=mutated(
                "dedicatedResources.minReplicaCount,dedicatedResources.initialReplicaCount",
                {"dedicatedResources": {"minReplicaCount": 1}},
            ),
        ),
        _to_zero(mutated, _SPEC, "given", _NO_SPEC, ZERO),
        *(
            _to_zero(mutated, _SPEC, "changed", ZERO, put(ZERO, f"{_SPEC}.{key}", "600s"), key)
            for key in ("idleScaledownPeriod", "minScaleupPeriod")
        ),
        Row(
            field=f"dedicatedResources.{_SPEC}",
            change="taken away",
            step="same",
            old={"dedicatedResources": ZERO, **PREVIEW},
            new={"dedicatedResources": _NO_SPEC},
        ),
        Row(
            field="disableContainerLogging",
            change="changed",
            note="with replicas of v1beta1",
            step="update",
            old={"dedicatedResources": ZERO, **PREVIEW},
            new={"dedicatedResources": {**ZERO, "initialReplicaCount": 2}, "disableContainerLogging": False},
            wire=(
                *mutated("dedicatedResources.initialReplicaCount", {"dedicatedResources": {"initialReplicaCount": 2}}),
                *mutated("disableContainerLogging", {"disableContainerLogging": False}),
            ),
        ),
    ]


def _to_zero(mutated: Mutated, leaf: str, change: Any, old: State, new: State, path: str = "") -> Row:
    """A change of what v1beta1 alone has."""
    name = f"dedicatedResources.{leaf}"
    return Row(
        field=f"{name}.{path}" if path else name,
        change=change,
        step="update",
        old={"dedicatedResources": old, **PREVIEW},
        new={"dedicatedResources": new},
        wire=mutated(name, {"dedicatedResources": {leaf: new[leaf]}}),
        back=mutated(name, {"dedicatedResources": {leaf: old[leaf]}})[0].body if leaf in old else None,
    )
