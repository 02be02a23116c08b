"""IAM policies: stored and given back. Nothing acts on them; everybody may do everything."""

from __future__ import annotations

import base64
import json
from typing import Any

from emulator.core.store import Store
from gcp import errors

TABLES = """
CREATE TABLE IF NOT EXISTS policies (
    resource TEXT PRIMARY KEY,
    number INTEGER NOT NULL,
    policy TEXT NOT NULL
) WITHOUT ROWID;
"""
"""`number` counts the changes; the policy's `etag` is made of it."""

_FIELDS = ("version", "bindings", "auditConfigs")


def read(store: Store, resource: str, default: dict[str, Any]) -> dict[str, Any]:
    """The policy of a resource, `default` until one is set."""
    row = store.one("SELECT * FROM policies WHERE resource = ?", resource)
    number, policy = (0, default) if row is None else (row["number"], json.loads(row["policy"]))
    return {"version": 1, **policy, "etag": _etag(number)}


def write(store: Store, resource: str, policy: dict[str, Any], stale: type[errors.ApiError]) -> None:
    """Replaces the policy of a resource.

    Raises:
        stale: the policy names an `etag` that is not the current one.
        errors.InvalidArgument: a binding has no role.
    """
    bindings = policy.get("bindings") or []
    if not all(binding.get("role") for binding in bindings):
        raise errors.InvalidArgument("Each binding of a policy needs a role.")
    with store.transaction():
        row = store.one("SELECT number FROM policies WHERE resource = ?", resource)
        number = 0 if row is None else row["number"]
        if policy.get("etag") not in (None, "", _etag(number)):
            raise stale("The policy was changed meanwhile: read it again, and change that.")
        kept = {key: policy[key] for key in _FIELDS if policy.get(key)}
        store.run("INSERT OR REPLACE INTO policies VALUES (?, ?, ?)", resource, number + 1, json.dumps(kept))


def forget(store: Store, resource: str) -> None:
    """Removes the policy of a resource that goes."""
    store.run("DELETE FROM policies WHERE resource = ?", resource)


def _etag(number: int) -> str:
    return base64.b64encode(b"\x08" + bytes([number % 128])).decode()
