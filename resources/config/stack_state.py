"""What the engine knows about the running stack from before this run. Reading it does not show up in a preview."""

from __future__ import annotations

from typing import Any

import pulumi


def full_name() -> str:
    """`ORGANISATION/PROJECT/STACK`."""
    return f"{pulumi.get_organization()}/{pulumi.get_project()}/{pulumi.get_stack()}"


def outputs() -> dict[str, Any]:
    """The outputs of the stack's last finished run."""
    try:
        return _outputs(full_name())
    except Exception:  # noqa: BLE001 - Pulumi raises it bare; a state of the old layout knows plain names only
        return _outputs(pulumi.get_stack())


def resources() -> list[dict[str, Any]]:
    """The resources in the stack's state, each with its `type` and `outputs`; empty if the state is unreadable."""
    try:
        found = pulumi.runtime.invoke("pulumi:pulumi:readStackResourceOutputs", {"stackName": full_name()}).value
    except Exception as error:  # noqa: BLE001 - Pulumi raises it bare; callers do without
        pulumi.log.debug(f"the state cannot be read: {error}")
        return []
    return list(((found or {}).get("outputs") or {}).values())


def _outputs(name: str) -> dict[str, Any]:
    found = pulumi.runtime.invoke("pulumi:pulumi:readStackOutputs", {"name": name}).value
    return dict((found or {}).get("outputs") or {})
