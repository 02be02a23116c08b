"""Hands the default of a model over before its default version is deleted, and gives it back if that version returns.

The API keeps the default version while other versions exist. The successor is the version that this stack serves by
default, if this run knows a READY one; else the newest READY version that is older than the one that goes, since it
was probably the default before; else the newest. Then a warning says that it may never have passed a gate. A version
that is deleted and created again (a replacement) becomes the default again in the same run: the engine may have been
asked to look at this version only.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gcp import errors, operations
from resources.engine import ownership
from resources.engine.provider import Call, State
from resources.ml import names

BUSY = ("CREATING", "UPDATING", "DELETING")
"""States of a version that an operation is under way on."""
_handed_over: dict[str, tuple[str, str]] = {}
"""What this process has handed over: full name of the version that went -> who has the default now, and its artifact.

One process serves one run of the engine. Where it dies in between, the engine still knows the version as one that is
being replaced, and the next `up` sets the default with it.
"""
_served: dict[str, str] = {}
"""Full name of a model -> full name of the version that this stack serves by default, as this run knows.

It is what the state says when the engine asks for the `check` of a `DefaultVersion`, then what passed the gate: not
what the program asks for, which the gate may refuse. A default that is replaced goes before that `check`.
"""


made: set[str] = set()
"""Full names of the versions that this process made: what they serve passed no gate yet."""
_used: dict[str, set[str]] = {}
"""Full name of a model -> the versions that its clients ask, since the new traffic split was refused in this run."""


def keep(inputs: Mapping[str, Any], versions: set[str]) -> None:
    """Notes that a model's clients go on asking these versions: its `TrafficSplit` was refused."""
    _used[names.model(inputs["project"], inputs["model"])] = versions


def require_unused(inputs: Mapping[str, Any]) -> None:
    """Raises `FailedPrecondition` if clients go on asking this version after a refusal in this run."""
    if inputs["name"] in _used.get(names.model(inputs["project"], inputs["model"]), ()):
        raise errors.FailedPrecondition(
            "the current traffic split sends users to it, and the new one was refused: it stays. Fix the new split, or "
            "declare this version again"
        )


def serves(inputs: Mapping[str, Any]) -> None:
    """Notes which version is the default by these inputs, or outputs, of a `DefaultVersion`: first one, or gated."""
    place = names.model(inputs["project"], inputs["model"])
    _served[place] = names.version(inputs["project"], inputs["model"], inputs["version"])


def hand_over(call: Call, live: State) -> None:
    """Makes another READY version the default; does nothing where there is none, nor will be.

    Raises:
        OperationTimeout: another one was neither READY nor gone in time.
    """
    if _handed(call, live):
        return
    call.report("it is the default: waiting for what is under way on other versions")
    if not any(_handed(call, live) for _ in operations.pauses(call.timeout)):
        raise errors.OperationTimeout(
            f"{call.what}: it is the default, and no other version became READY or was gone within "
            f"{call.timeout:g} s: run again later"
        )


def _handed(call: Call, live: State) -> bool:
    """Whether another version is the default now, or none can be."""
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
    if known:  # it keeps the default: the one that goes had it from outside
        call.warn(
            f"{name} was the default, but not by this stack's state: {names.last(successor)} is the default again"
        )
        return True
    _handed_over[name] = (successor, str(live.get("deploymentUri")))
    call.warn(_ungated(call, name, successor, older=_created(newest) < _created(live)))
    return True


def nearest(ready: list[State], live: State) -> State:
    """The newest that was there before: a candidate that the gate refused came after the default of its time."""
    return max(ready, key=lambda item: (_created(item) < _created(live), _created(item)))


def _created(version: State) -> str:
    return str(version.get("createTime"))


def _ungated(call: Call, name: str, successor: str, *, older: bool) -> str:
    """What is to be known of a successor that nobody chose."""
    text = f"{successor} is the default in the place of {names.last(name)}: it is the newest "
    text += "READY version that was there before" if older else "other READY version"
    text += ", and may never have passed a gate"
    if ownership.declared(call.urn):
        return f"{text}. It answers until {names.last(name)} is made again"
    return f"{text}. `pulumi refresh`, then `pulumi up` make the declared version the default, where there is one"


def restore(call: Call, live: State) -> bool:
    """Whether a version that was made again was given back the default that this run had taken from it.

    Only with the artifact that it served before: another one has a gate to pass first, which `DefaultVersion` knows.
    """
    successor, artifact = _handed_over.pop(live["name"], ("", ""))
    if not successor or live.get("isDefault"):
        return False
    if artifact != live.get("deploymentUri"):
        return False
    parent = call.api.call(call.methods("projects.models").get(name=_model_of(live["name"])))
    if (parent.get("defaultVersion") or {}).get("name") != successor:
        return False  # somebody else has made another one the default meanwhile
    return _made_default(call, live["name"])


def _made_default(call: Call, name: str) -> bool:
    """Whether it could be: a version that somebody deletes at the same time cannot."""
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
