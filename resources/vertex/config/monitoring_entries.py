"""The monitoring job of a model in a stack file. Its objectives name versions; those of the API, deployed models."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from resources.config import entries
from resources.config.shared_entries import SharedReader
from resources.schema.types import Failure, join, table
from resources.vertex.config import field_keys
from resources.vertex.config.plan import Version, facts
from resources.vertex.fields.monitoring import MODEL_MONITORING_JOB

KEY = "monitoring"
_ONE, _EACH = "objectiveConfig", "objectiveConfigs"
_OBJECTIVES = "modelDeploymentMonitoringObjectiveConfigs"
_OWN = (_ONE, _EACH, "displayName")


def read(
    shared: SharedReader, name: str, model: Mapping[str, Any], endpoint: Mapping[str, Any], versions: Sequence[Version]
) -> dict[str, Any] | None:
    """The inputs of a model's `vertex.ModelMonitoringJob`; None if it has none. Errors are added to the reader.

    Args:
        shared: the reader of the stack file.
        name: the model's name.
        model: its entry; its types are already checked.
        endpoint: the inputs of its endpoint.
        versions: as declared.
    """
    entry = table(table(model, "vertex"), KEY)
    if not entry:
        return None
    where = f"models.{name}.vertex.{KEY}"
    named = list(entries.mapping(model.get("versions")))
    shared.note((join(where, path), reason) for path, reason in _failures(entry, named))
    objectives = {version.name: _objective(entry, version.name) for version in versions}
    monitored = [version for version in versions if objectives[version.name] is not None]
    inputs = facts(
        {key: endpoint.get(key) for key in ("project", "location", "endpoint", "adopt", "timeouts", "encryptionSpec")},
        {key: item for key, item in entry.items() if key not in _OWN},
        # Replacing a job causes no downtime, so a change of a fixed field needs no permission.
        {"displayName": entry.get("displayName") or name, "allowDowntime": True},
        {_OBJECTIVES: [_of_deployed(version, objectives[version.name]) for version in monitored]},
    )
    if len(versions) == len(named) and monitored:  # errors of versions are already reported
        keys = {**field_keys.PLACE, "encryptionSpec": None, **_keys(entry, monitored)}
        shared.note(field_keys.renamed(MODEL_MONITORING_JOB.program_failures(inputs, where), where, keys))
    return inputs


def _objective(entry: Mapping[str, Any], version: str) -> Any:
    """The objective of a version: its own, or the one for all versions; None if it is not monitored."""
    return table(entry, _EACH).get(version, entry.get(_ONE))


def _of_deployed(version: Version, objective: Any) -> dict[str, Any]:
    return {"deployedModelId": version.deployed_model_id, "objectiveConfig": objective}


def _failures(entry: Mapping[str, Any], versions: Sequence[str]) -> Iterator[Failure]:
    if _ONE not in entry and not table(entry, _EACH):
        yield _ONE, f"is missing: what is monitored of all versions; or give {_EACH}, by version"
    for version in table(entry, _EACH):
        if version not in versions:
            yield f"{_EACH}.{version}", f"is not among the versions: {', '.join(versions)}"


def _keys(entry: Mapping[str, Any], monitored: Sequence[Version]) -> dict[str, str]:
    """Fields of each objective -> the key of the stack file that sets them."""
    own = table(entry, _EACH)
    return {
        f"{_OBJECTIVES}[{index}].objectiveConfig": f"{_EACH}.{version.name}" if version.name in own else _ONE
        for index, version in enumerate(monitored)
    }
