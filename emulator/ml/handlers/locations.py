"""`ml.projects.locations`: where models may be, each with what it offers there."""

from __future__ import annotations

from typing import Any

from emulator.ml import tables
from emulator.ml.list_pages import page
from emulator.rest.request import Request, Response
from gcp import errors

REGIONS = (
    "asia-east1",
    "asia-northeast1",
    "asia-southeast1",
    "australia-southeast1",
    "europe-west1",
    "europe-west2",
    "europe-west3",
    "europe-west4",
    "northamerica-northeast1",
    "us-central1",
    "us-east1",
    "us-east4",
    "us-west1",
)
"""Regions of AI Platform Prediction, as its documentation names them. Models may name others, too."""

_CAPABILITIES = [{"type": "ONLINE_PREDICTION"}, {"type": "BATCH_PREDICTION"}]


class Locations:
    """The methods of locations."""

    async def projects_locations_list(self, request: Request) -> Response:
        """The regions of AI Platform Prediction by name, each with online and batch prediction."""
        (project,) = tables.split(request.params["parent"])
        return Response(body=page("locations", request, (_location(project, region) for region in REGIONS)))

    async def projects_locations_get(self, request: Request) -> Response:
        """One of these regions."""
        project, region = tables.split(request.params["name"])
        if region not in REGIONS:
            raise errors.NotFound(f"Location {request.params['name']} is not found.")
        return Response(body=_location(project, region))


def _location(project: str, region: str) -> dict[str, Any]:
    return {"name": f"projects/{project}/locations/{region}", "capabilities": _CAPABILITIES}
