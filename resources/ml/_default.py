"""The default of a model while one of its versions goes: it is handed over before, and given back if that one returns.

The API keeps the default version while others are there. A version that is deleted and made again (a replacement) is
the default again afterwards, in the same run: the engine may have been told to look at nothing but this version.
"""

from __future__ import annotations

from typing import Any

from resources import _operations, errors
from resources._provider import Call, State
from resources.ml import _names

BUSY = ("CREATING", "UPDATING", "DELETING")
"""States of a version that an operation is under way on."""
_handed_over: dict[str, tuple[str, str]] = {}
"""What this process has handed over: full name of the version that went -> who has the default now, and its artifact.

One process serves one run of the engine. Where it dies in between, the engine still knows the version as one that is
being replaced, and the next `up` sets the default with it.
"""


def hand_over(call: Call, live: State) -> None:
    """Makes the newest other READY version the default; does nothing where there is none, nor will be."""
    if _handed(call, live):
        return
    call.report("it is the default: waiting for what is under way on other versions")
    if not any(_handed(call, live) for _ in _operations.pauses(call.timeout)):
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
    heir = str(max(ready, key=lambda item: str(item.get("createTime")))["name"])
    if not _made_default(call, heir):
        return False
    _handed_over[name] = (heir, str(live.get("deploymentUri")))
    call.report(f"{_names.last(heir)} is the default in its place")
    return True


def restore(call: Call, live: State) -> bool:
    """Whether a version that was made again was given back the default that this run had taken from it.

    Only with the artifact that it served before: another one has a gate to pass first, which `DefaultVersion` knows.
    """
    heir, artifact = _handed_over.pop(live["name"], ("", ""))
    if not heir or live.get("isDefault"):
        return False
    if artifact != live.get("deploymentUri"):
        return False
    parent = call.api.call(call.api.ml("projects.models").get(name=live["name"].rpartition("/versions/")[0]))
    if (parent.get("defaultVersion") or {}).get("name") != heir:
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
    parent = name.rpartition("/versions/")[0]
    return [item for item in call.api.listed(versions(call), "versions", parent=parent) if item["name"] != name]


def versions(call: Call) -> Any:
    """The methods of `projects.models.versions`."""
    return call.api.ml("projects.models.versions")
