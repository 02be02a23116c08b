"""Fields that several resources of Vertex AI share."""

from __future__ import annotations

from typing import Annotated, Any, TypedDict

from resources.schema.fields import fixed, local, output, path
from resources.schema.shared_fields import Timeouts
from resources.schema.types import Input


class EncryptionSpec(TypedDict):
    """A key of Cloud KMS, `projects/P/locations/L/keyRings/R/cryptoKeys/K`, in the same region."""

    kms_key_name: str


class BigQueryDestination(TypedDict):
    """`bq://PROJECT.DATASET.TABLE`."""

    output_uri: str


class GcsDestination(TypedDict):
    """A `gs://` folder."""

    output_uri_prefix: str


Project = Annotated[Input[str], path("Project id.", default="`gcp:project`")]
Location = Annotated[Input[str], path("Region, `us-central1`.", default="`gcp:region`")]
Encryption = Annotated[EncryptionSpec, fixed("Key that encrypts it.", default="Google's")]
Waits = Annotated[Timeouts, local("Timeouts of create, update and delete, in seconds.", lasting=True)]
Preview = Annotated[
    Input[bool], local("Call v1beta1, which has Google's preview features.", default="false", lasting=True)
]
Drift = Annotated[dict[str, Any], output("Fixed fields changed outside: field -> what the API has now.")]
