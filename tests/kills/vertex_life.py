"""The life of a small stack on Vertex AI: a first deployment, and a change of everything."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

from tests.engine import Engine
from tests.program.test_vertex import REGION, SCALING, configuration
from tests.running import RunningEmulator

State = dict[str, Any]


class VertexLife:
    """A stack of two versions behind one endpoint; the change has another default, and one version more and less."""

    def __init__(self, emulator: RunningEmulator, project: str, folder: Path) -> None:
        self.emulator, self.project = emulator, project
        self.engine = Engine(folder / "engine")
        first = configuration(emulator, project, folder)
        second = copy.deepcopy(first)
        model = second["tf2-models:models"]["mult"]
        model |= {"description": "Multiplies numbers", "labels": {"team": "b", "stage": "x"}, "defaultVersion": "v3"}
        model["versions"]["v3"] = model["versions"].pop("v2")
        model["versions"]["v1"] = {**model["versions"]["v1"], **SCALING, "autoScaling": {"minNodes": 2, "maxNodes": 2}}
        self._configurations = {"up": first, "update": second}

    def configure(self, part: str) -> None:
        """Writes the stack file of this part."""
        self.engine.write(copy.deepcopy(self._configurations[part]))

    def inventory(self) -> State:
        """Endpoints, their deployed models and splits, and the versions of models, by the names in the stack file."""
        locations = self.emulator.vertex().projects().locations()
        parent = f"projects/{self.project}/locations/{REGION}"
        found: State = {"endpoints": [], "versions": []}
        numbers: dict[str, str] = {}
        for model in locations.models().list(parent=parent).execute().get("models", []):
            name = model["name"].partition("@")[0]
            for version in locations.models().listVersions(name=name).execute()["models"]:
                numbers[version["versionId"]] = version["labels"]["tf2-models-version"]
                found["versions"].append(_pick(version, "labels", "versionAliases", "description"))
        for endpoint in locations.endpoints().list(parent=parent).execute().get("endpoints", []):
            deployed = {each["id"]: numbers[each["modelVersionId"]] for each in endpoint.get("deployedModels", [])}
            split = {deployed[id_]: share for id_, share in endpoint.get("trafficSplit", {}).items()}
            machines = {deployed[each["id"]]: each["dedicatedResources"] for each in endpoint.get("deployedModels", [])}
            found["endpoints"].append({**_pick(endpoint, "labels", "description"), "split": split, "on": machines})
        found["versions"].sort(key=json.dumps)
        return found


def _pick(item: State, *names: str) -> State:
    """The named fields; the value of the owner's label is left out."""
    picked = {name: item[name] for name in names if name in item}
    picked["labels"] = {key: "" if "owner" in key else value for key, value in picked.get("labels", {}).items()}
    return picked
