"""Makes another version the default before a model's default version is deleted, and back if that one is recreated.

The API refuses to delete the default version while other versions exist. The successor is, in this order:

1. the version that this stack serves by default, if this run knows it and it is READY;
2. the newest READY version that is older than the deleted one, since it was probably the default before;
3. the newest READY version.

For 2 and 3, a warning says that it may never have passed a gate. A version that is replaced (deleted, then created
again) becomes the default again in the same run, which may be limited to this version.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gcp import errors
from resources.engine import ownership
from resources.engine.provider import Call, State
from resources.ml import names

BUSY = ("CREATING", "UPDATING", "DELETING")
"""States of a version with a running operation."""
_handed_over: dict[str, tuple[str, str]] = {}
"""Full name of a deleted default version -> its successor, and the artifact that it had.

One process serves one run of the engine. If it dies in between, the engine still knows that the version is being
replaced, and the next `up` sets the default again.
"""
_served: dict[str, str] = {}
"""Full name of a model -> full name of the version that this stack serves by default, as far as this run knows.

From the `check` of a `DefaultVersion` on it is the state's version, later the one that passed the gate. It is not the
program's, which the gate may refuse. A default version that is replaced is deleted before that `check`.
"""


made: set[str] = set()
"""Full names of the versions that this process created, which have not passed a gate yet."""
_used: dict[str, set[str]] = {}
"""Full name of a model -> the versions that its clients still call, since this run refused the new traffic split."""


def keep(inputs: Mapping[str, Any], versions: set[str]) -> None:
    """Notes that a model's clients still call these versions, since its new `TrafficSplit` was refused."""
    _used[names.model(inputs["project"], inputs["model"])] = versions


def require_unused(inputs: Mapping[str, Any]) -> None:
    """Raises `FailedPrecondition` if clients still call this version, since this run refused the new split."""
    if inputs["name"] in _used.get(names.model(inputs["project"], inputs["model"]), ()):
        raise errors.FailedPrecondition(
            "the current traffic split sends users to it, and the new one was refused, so it is kept. Fix the new "
            "split, or declare this version again"
        )


def serves(inputs: Mapping[str, Any]) -> None:
    """Notes the default version from a `DefaultVersion`'s inputs or outputs: it passed the gate, or is the first."""
    place = names.model(inputs["project"], inputs["model"])
    _served[place] = names.version(inputs["project"], inputs["model"], inputs["version"])


def hand_over(call: Call, live: State) -> None:
    """Makes another READY version the default. Does nothing if there is none and none can become READY.

    Raises:
        OperationTimeout: no other version became READY or was deleted in time.
    """
    if _handed(call, live):
        return
    call.report("it is the default: waiting for operations on other versions")
    if not any(_handed(call, live) for _ in call.pauses()):
        raise errors.OperationTimeout(
            f"{call.what}: it is the default, and no other version became READY or was deleted within "
            f"{call.timeout:g} s: run again later"
        )


def _handed(call: Call, live: State) -> bool:
    """Whether another version is now the default, or none can become it."""
    name = live["name"]
    others = _others(call, name)
    ready = [item for item in others if item.get("state") == "READY"]
    if not ready:
        return not any(item.get("state") in BUSY for item in others)
    served = _served.get(_model_of(name))
    known = any(item["name"] == served for item in ready)
    newest = nearest(ready, live)
    successor = str(served if known else newest["name"])
    if not _made_default(call, successor):
        return False
    if known:  # it stays the default: the deleted one had been made the default outside this stack
        call.warn(f"{name} was made the default outside this stack: {names.last(successor)} is the default again")
        return True
    _handed_over[name] = (successor, str(live.get("deploymentUri")))
    call.warn(_ungated(call, name, successor, older=_created(newest) < _created(live)))
    return True


def nearest(ready: list[State], live: State) -> State:
    """The newest READY version that is older than this one: a newer one may be a candidate that a gate refused."""
    return max(ready, key=lambda item: (_created(item) < _created(live), _created(item)))


def _created(version: State) -> str:
    return str(version.get("createTime"))


def _ungated(call: Call, name: str, successor: str, *, older: bool) -> str:
    """The warning about a successor that nobody chose."""
    text = f"{successor} is now the default instead of {names.last(name)}: it is the newest "
    text += "READY version that existed before" if older else "other READY version"
    text += ", and may never have passed a gate"
    if ownership.declared(call.urn):
        return f"{text}. It serves until {names.last(name)} is created again"
    return f"{text}. `pulumi refresh`, then `pulumi up` make the declared version, if any, the default"


def restore(call: Call, live: State) -> bool:
    """Makes a recreated version the default again, if this run has replaced it as the default; returns whether it did.

    Only with the same artifact as before: another one must pass the gate first, which `DefaultVersion` runs.
    """
    successor, artifact = _handed_over.pop(live["name"], ("", ""))
    if not successor or live.get("isDefault"):
        return False
    if artifact != live.get("deploymentUri"):
        return False
    parent = call.api.call(call.methods("projects.models").get(name=_model_of(live["name"])))
    if (parent.get("defaultVersion") or {}).get("name") != successor:
        return False  # the default was changed concurrently
    return _made_default(call, live["name"])


def _made_default(call: Call, name: str) -> bool:
    """Tries to make a version the default; False if it cannot be, for example because it is being deleted."""
    try:
        call.api.call(versions(call).setDefault(name=name, body={}), repeatable=True)
    except (errors.FailedPrecondition, errors.NotFound):
        return False
    return True


def _others(call: Call, name: str) -> list[State]:
    """The other versions of the same model, in any state."""
    listed = call.api.listed(versions(call), "versions", parent=_model_of(name))
    return [item for item in listed if item["name"] != name]


def _model_of(version: str) -> str:
    """The full name of a version's model."""
    return version.rpartition("/versions/")[0]


def versions(call: Call) -> Any:
    """The methods of `projects.models.versions`."""
    return call.methods("projects.models.versions")
