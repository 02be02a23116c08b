"""Does with google-cloud-aiplatform what its users do with models and endpoints; prints what it saw as JSON.

Arguments: endpoint, project, URI of the folder of a SavedModel that doubles, URI of one that triples, bucket.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from google.api_core.exceptions import GoogleAPICallError
from google.auth.credentials import AnonymousCredentials
from google.cloud import aiplatform
from google.cloud.aiplatform_v1 import MigrationServiceClient

IMAGE = "us-docker.pkg.dev/vertex-ai/prediction/tf2-cpu.2-15:latest"


def main(endpoint: str, project: str, doubles: str, triples: str, bucket: str) -> dict[str, Any]:
    """The whole story."""
    os.environ["STORAGE_EMULATOR_HOST"] = endpoint
    nobody = AnonymousCredentials()  # type: ignore[no-untyped-call]  # the package has no annotations
    aiplatform.init(
        project=project, location="us-central1", api_endpoint=endpoint, api_transport="rest", credentials=nobody
    )
    seen: dict[str, Any] = {}
    container = {"serving_container_image_uri": IMAGE, "display_name": "m"}
    first = aiplatform.Model.upload(artifact_uri=doubles, model_id="m", labels={"a": "b"}, **container)
    second = aiplatform.Model.upload(
        artifact_uri=triples,
        parent_model=first.resource_name,
        version_aliases=["new"],
        is_default_version=False,
        **container,
    )
    seen["versions"] = [first.version_id, second.version_id]
    seen["listed"] = [
        model.name for model in aiplatform.Model.list(filter='display_name="m"', order_by="create_time desc")
    ]
    registry = first.versioning_registry
    registry.add_version_aliases(["prod"], version="1")
    registry.update_version(version="new", version_description="text", labels={"c": "d"})
    seen["aliases"] = {info.version_id: sorted(info.version_aliases) for info in registry.list_versions()}
    aiplatform.Model("m@new").update(description="described")
    seen["description"] = aiplatform.Model("m@new").description

    target = aiplatform.Endpoint.create(display_name="e", endpoint_id="777", labels={"x": "y"})
    target.deploy(first, machine_type="n1-standard-2", accelerator_type="NVIDIA_TESLA_A100", accelerator_count=1)
    target.deploy(second, traffic_percentage=30, machine_type="n1-standard-2", max_replica_count=2)
    seen["split"] = sorted(target.traffic_split.values())
    seen["accelerator"] = target.gca_resource.deployed_models[0].dedicated_resources.machine_spec.accelerator_type.name
    answers = [target.predict([1.0, 2.0]) for _ in range(60)]
    seen["predictions"] = sorted({str(answer.predictions) for answer in answers})
    seen["answered"] = sorted({answer.model_version_id for answer in answers})
    ids = {deployed.model_version_id: deployed.id for deployed in target.list_models()}
    target.update(traffic_split={ids["2"]: 100}, display_name="renamed")
    seen["after"] = str(aiplatform.Endpoint("777").predict([1.0]).predictions)
    target.undeploy(ids["1"])
    try:
        first.delete()
    except GoogleAPICallError as exc:
        seen["refused"] = type(exc).__name__

    job = second.batch_predict(
        job_display_name="j",
        gcs_source=f"{bucket}/rows.jsonl",
        gcs_destination_prefix=f"{bucket}/out",
        machine_type="n1-standard-2",
    )
    lines = [line for blob in job.iter_outputs() for line in blob.download_as_text().splitlines()]
    seen["batch"] = [json.loads(line) for line in lines if line.startswith("{")]
    job.delete()
    client = MigrationServiceClient(transport="rest", credentials=nobody, client_options={"api_endpoint": endpoint})
    parent = f"projects/{project}/locations/us-central1"
    seen["migratable"] = len(list(client.search_migratable_resources(parent=parent)))
    target.delete(force=True)
    registry.delete_version("2")
    first.delete()
    seen["left"] = [len(aiplatform.Model.list()), len(aiplatform.Endpoint.list())]
    return seen


print(json.dumps(main(*sys.argv[1:])))
