"""`ml.projects.getConfig`."""

from __future__ import annotations

from emulator.core.google_names import project_number
from emulator.ml import tables
from emulator.rest.request import Request, Response


class ProjectConfig:
    """The method of a project."""

    async def projects_get_config(self, request: Request) -> Response:
        """The service accounts of a project: names in Google's form, of accounts that do not exist."""
        number = project_number(*tables.split(request.params["name"]))
        domain = "iam.gserviceaccount.com"
        return Response(
            body={
                "serviceAccount": f"service-{number}@cloud-ml.google.com.{domain}",
                "serviceAccountProject": number,
                "config": {"tpuServiceAccount": f"service-{number}@cloud-tpu.{domain}"},
            }
        )
