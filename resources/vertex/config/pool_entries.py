"""The resource pools of a stack file, and which versions may be deployed on them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from resources.config import entries
from resources.config.shared_entries import SharedReader
from resources.schema import secrets, types
from resources.schema.types import Failure, join, table
from resources.vertex import names
from resources.vertex.config import field_keys, replicas, serving_image
from resources.vertex.config.entries import PoolEntry
from resources.vertex.config.plan import Pool, facts
from resources.vertex.fields.resource_pool import DEPLOYMENT_RESOURCE_POOL

KEY = "resourcePools"
_KEYS: field_keys.Keys = {
    **field_keys.PLACE,
    "deploymentResourcePool": "vertex.resourcePoolId",
    "encryptionSpec": "vertex.encryptionSpec",
}
_POOL, _SPEC = "resourcePool", "encryptionSpec"


def read(shared: SharedReader) -> dict[str, Pool]:
    """The pools of a stack file by name; errors are added to the shared reader."""
    given = shared.values.get(KEY) or {}
    shared.note(types.failures(given, dict[str, Any], KEY))
    pools = {name: _pool(shared, name, entry) for name, entry in entries.mapping(given).items()}
    shared.note(_same_ids(pools))
    return pools


def _pool(shared: SharedReader, name: str, given: Any) -> Pool:
    where, entry = join(KEY, name), entries.mapping(given)
    wrong = list(types.failures(entry if isinstance(given, Mapping) else given, PoolEntry, where))
    wrong += [] if wrong else [(join(where, key), reason) for key, reason in replicas.failures(entry)]
    shared.note(wrong)
    place = {"project": shared.project, "location": shared.region or "us-central1"}
    if wrong:
        return Pool(name=name, inputs={**place, "deploymentResourcePool": name}, valid=False)
    shared.warnings += replicas.warnings(entry, where)
    inputs = _inputs(shared, name, entry, place)
    keys = {**_KEYS, **replicas.keys(entry)}
    failures = field_keys.renamed(DEPLOYMENT_RESOURCE_POOL.program_failures(inputs, where), where, keys)
    shared.note(field_keys.with_id(failures, where, "resourcePoolId", entry))
    return Pool(name=name, inputs=inputs)


def _inputs(shared: SharedReader, name: str, entry: Mapping[str, Any], place: Mapping[str, Any]) -> dict[str, Any]:
    options = table(entry, "vertex")
    inputs = facts(
        shared.shared_fields,
        {key: entry.get(key) for key in ("timeouts", "adopt", "serviceAccount")},
        place,
        {"dedicatedResources": replicas.dedicated(entry), _SPEC: options.get(_SPEC)},
        {"preview": options.get("preview")},
        {"disableContainerLogging": not entry.get("onlinePredictionConsoleLogging")},
    )
    fixed = {path: str(value) for path, value in secrets.leaves([DEPLOYMENT_RESOURCE_POOL.unchangeable(inputs)])}
    id_ = options.get("resourcePoolId") or names.resource_pool_id(name, fixed)
    return {**inputs, "deploymentResourcePool": id_}


def _same_ids(pools: Mapping[str, Pool]) -> Iterator[Failure]:
    """Reports pools with the same id: ids are lower case, so different names may give the same one."""
    taken: dict[str, str] = {}
    for name, pool in pools.items():
        other = taken.setdefault(pool.id, name)
        if other != name and pool.valid:
            yield join(KEY, name), f"its id is {pool.id}, as that of {other}: give one of them vertex.resourcePoolId"


def version_failures(
    entry: Mapping[str, Any], model: Mapping[str, Any], pools: Mapping[str, Pool], default_image: str
) -> Iterator[Failure]:
    """Errors of a version that names a pool.

    Args:
        entry: the version's entry; its types are already checked.
        model: the entry of its model.
        pools: the pools of the stack file.
        default_image: the image that serves a version without `container`.
    """
    options, name = table(entry, "vertex"), str(table(entry, "vertex")[_POOL])
    if name not in pools:
        yield f"vertex.{_POOL}", f"{name!r} is not among {KEY}: {', '.join(pools) or 'there are none'}"
    of_pool = f"is that of its pool: leave it out, and say it at {KEY}.{name}"
    yield from ((key, of_pool) for key in (*replicas.ENTRY_KEYS, "serviceAccount") if key in entry)
    yield from ((f"vertex.{key}", of_pool) for key in replicas.OPTION_KEYS if key in options)
    image = str(table(entry, "container").get("image") or default_image)
    if not serving_image.is_prebuilt({"image": image}):
        instead = "give it such a container, or machineType in the place of the pool"
        yield f"vertex.{_POOL}", f"takes Google's prebuilt images only, and this version has {image}: {instead}"
    if name in pools and pools[name].valid and pools[name].inputs.get(_SPEC) != table(model, "vertex").get(_SPEC):
        yield f"vertex.{_POOL}", f"must have the {_SPEC} of the model: set both vertex.{_SPEC} alike"
