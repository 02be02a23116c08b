"""The life of a small stack on Vertex AI: a first deployment, and a change of everything."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

from tests.inventory import inventory
from tests.kills.lives import Life
from tests.program.test_vertex import REGION, SCALING, configuration

State = dict[str, Any]


class VertexLife(Life):
    """A stack of two versions behind one endpoint; the change has another default, and one version more and less."""

    def configurations(self, folder: Path) -> dict[str, State]:
        """See `Life`."""
        first = configuration(self.emulator, self.project, folder)
        second = copy.deepcopy(first)
        model = second["tf2-models:models"]["mult"]
        model |= {"description": "Multiplies numbers", "labels": {"team": "b", "stage": "x"}, "defaultVersion": "v3"}
        model["trafficSplit"] = {"v1": 40, "v3": 60}
        model["versions"]["v3"] = model["versions"].pop("v2")
        model["versions"]["v1"] = {**model["versions"]["v1"], **SCALING, "autoScaling": {"minNodes": 2, "maxNodes": 2}}
        return {"up": first, "update": second}

    def inventory(self) -> State:
        """What the APIs have of the project. Versions have their names in the stack file, since numbers may differ."""
        found = inventory(self.emulator, self.project)
        return {**found, "vertex": {"running": found["vertex"]["running"], **self._by_name()}}

    def _by_name(self) -> State:
        """Endpoints with their deployed models and splits, and the versions of models."""
        locations = self.emulator.vertex().projects().locations()
        parent = f"projects/{self.project}/locations/{REGION}"
        found: State = {"endpoints": [], "versions": []}
        numbers: dict[str, str] = {}
        for model in locations.models().list(parent=parent).execute().get("models", []):
            name = model["name"].partition("@")[0]
            for version in locations.models().listVersions(name=name).execute()["models"]:
                numbers[version["versionId"]] = version["labels"]["tf2-models-version"]
                found["versions"].append(_pick(version, "labels", "versionAliases", "description", "artifactUri"))
        for endpoint in locations.endpoints().list(parent=parent).execute().get("endpoints", []):
            behind = sorted(endpoint.get("deployedModels", []), key=lambda each: numbers[each["modelVersionId"]])
            deployed = {each["id"]: numbers[each["modelVersionId"]] for each in behind}
            split = {deployed[id_]: share for id_, share in endpoint.get("trafficSplit", {}).items()}
            running = [(numbers[each["modelVersionId"]], each["dedicatedResources"]) for each in behind]
            found["endpoints"].append({**_pick(endpoint, "labels", "description"), "split": split, "on": running})
        found["versions"].sort(key=json.dumps)
        unnamed: State = json.loads(json.dumps(found).replace(self.project, "PROJECT"))
        return unnamed


def _pick(item: State, *names: str) -> State:
    """The named fields; the value of the owner's label is left out."""
    picked = {name: item[name] for name in names if name in item}
    picked["labels"] = {key: "" if "owner" in key else value for key, value in picked.get("labels", {}).items()}
    return picked
