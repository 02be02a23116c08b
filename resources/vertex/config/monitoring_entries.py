"""The monitoring job of a model of a stack file: its objectives name versions, the API's name deployed models."""

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
    """The inputs of a model's `vertex.ModelMonitoringJob`; None if it has none. Failures are noted.

    Args:
        shared: the reader of the stack file.
        name: of the model.
        model: its entry, of the right types.
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
        # Nobody is without answers while a job is made again, so that a change of what is fixed needs no leave.
        {"displayName": entry.get("displayName") or name, "allowDowntime": True},
        {_OBJECTIVES: [_of_deployed(version, objectives[version.name]) for version in monitored]},
    )
    if len(versions) == len(named) and monitored:  # what is wrong with versions is noted already
        keys = {"encryptionSpec": "", **_keys(entry, monitored)}
        shared.note(field_keys.renamed(MODEL_MONITORING_JOB.program_failures(inputs, where), where, keys))
    return inputs


def _objective(entry: Mapping[str, Any], version: str) -> Any:
    """What is monitored of a version: its own, or that of all; None if it is not monitored."""
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
    """The fields of each objective -> the key that gives them."""
    own = table(entry, _EACH)
    return {
        f"{_OBJECTIVES}[{index}].objectiveConfig": f"{_EACH}.{version.name}" if version.name in own else _ONE
        for index, version in enumerate(monitored)
    }
