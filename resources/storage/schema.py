"""The fields of a Cloud Storage bucket and of a SavedModel in it: name, type, what a change does; one line each.

Source: the discovery document of `storage` v1 (buckets), to whose names and types a test holds these lines. A
SavedModel is a resource of our own: a folder of objects.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypedDict

from typing_extensions import Required

from resources.schema.fields import Schema, fixed, local, mutable, output, path
from resources.schema.shared_fields import Adopt, AllowDowntime, Owner, Secrets
from resources.schema.types import Free, Input, Int64, Texts
from resources.storage import rules

StorageClass = Literal["STANDARD", "NEARLINE", "COLDLINE", "ARCHIVE"]


class Versioning(TypedDict):
    """Keep the bytes of objects that are replaced or deleted."""

    enabled: bool


class LifecycleAction(TypedDict, total=False):
    """What happens to an object. `storage_class` only with `SetStorageClass`."""

    type: Required[Literal["Delete", "SetStorageClass", "AbortIncompleteMultipartUpload"]]
    storage_class: StorageClass


class LifecycleCondition(TypedDict, total=False):
    """When it happens: where all given conditions hold. Ages in days, sizes in bytes, dates as `2026-01-31`."""

    age: int
    created_before: str
    custom_time_before: str
    days_since_custom_time: int
    days_since_noncurrent_time: int
    is_live: bool
    matches_prefix: list[str]
    matches_storage_class: list[str]
    matches_suffix: list[str]
    noncurrent_time_before: str
    num_newer_versions: int
    size_above_bytes: Int64
    size_below_bytes: Int64


class LifecycleRule(TypedDict):
    """One action and its conditions."""

    action: LifecycleAction
    condition: LifecycleCondition


class Lifecycle(TypedDict):
    """What the bucket does with old objects by itself."""

    rule: list[LifecycleRule]


class UniformBucketLevelAccess(TypedDict):
    """Access by the bucket's policy alone, not by each object's list."""

    enabled: bool


class IamConfiguration(TypedDict, total=False):
    """Who may be let in, and how."""

    uniform_bucket_level_access: UniformBucketLevelAccess
    public_access_prevention: Literal["inherited", "enforced"]


class FileFacts(TypedDict):
    """One file: its length in bytes, and its CRC32C in base64, big-endian, as Cloud Storage writes it."""

    size: Int64
    crc32c: str


class BucketArgs(TypedDict, total=False):
    """What a program says of a bucket."""

    project: Annotated[Input[str], path("Project id.", default="`gcp:project`")]
    name: Required[Annotated[Input[str], path("Name, one for the whole world; 3 to 222 small letters, digits, `-_.`.")]]
    location: Annotated[Input[str], fixed("Region, dual-region or multi-region.", default="`US`")]
    storage_class: Annotated[Input[StorageClass], mutable("Class of new objects.", default="`STANDARD`")]
    labels: Annotated[Input[Texts], mutable("Labels, 63 at most; those that others set are left alone.")]
    versioning: Annotated[Input[Versioning], mutable("Keep replaced and deleted objects.", "enabled")]
    lifecycle: Annotated[Input[Lifecycle], mutable("What becomes of old objects by itself.")]
    iam_configuration: Annotated[
        Input[IamConfiguration],
        mutable("Access: uniform, and closed to the public.", "uniformBucketLevelAccess", "publicAccessPrevention"),
    ]
    force_destroy: Annotated[
        bool, local("Delete the bucket with everything that is in it.", default="false", lasting=True)
    ]
    allow_downtime: AllowDowntime
    owner: Owner
    secrets: Secrets
    adopt: Adopt


class BucketOutputs(TypedDict, total=False):
    """What comes back of a bucket."""

    metageneration: Annotated[Int64, output("Counts the changes of the bucket itself.")]
    time_created: Annotated[str, output("When it was made, RFC 3339.")]
    self_link: Annotated[str, output("Its address in the API.")]
    drift: Annotated[dict[str, Any], output("Fixed fields changed outside: field -> what the API has now.")]


class SavedModelArgs(TypedDict, total=False):
    """What a program says of a SavedModel: where it comes from and goes to, and what a reviewer wants to see change.

    The same bytes can come of other inputs (a comment in the recipe): then what is said changes, and nothing is sent.
    """

    bucket: Required[Annotated[Input[str], path("Name of the bucket.")]]
    prefix: Required[Annotated[Input[str], path("Folder in the bucket: `RECIPE/CONTENT_DIGEST`.")]]
    source: Annotated[
        Input[Free],
        local("Folder of the bytes, below the project's.", default="the bucket has them already", quiet=True),
    ]
    left_out: Annotated[
        list[str],
        local("Files of that folder that are left out: junk, by their names.", default="none", quiet=True),
    ]
    artifact_source: Annotated[
        str, local("Bucket that the bytes are copied from, where the same prefix of it has them.", default="none")
    ]
    owner: Annotated[
        Input[str], mutable("`stack.Identity.token`: claims the artifact, which then lasts as long as the claim.")
    ]
    adopt: Annotated[
        bool, local("Take over the claim of this stack as it was before it lost its state.", default="false")
    ]
    size_limit: Annotated[Int64, local("Most bytes that the machines of its versions take.", default="10 GB")]
    files: Required[Annotated[dict[str, FileFacts], mutable("Every file: path -> length and CRC32C.")]]
    recipe: Annotated[str, local("The recipe that built it.")]
    parameters: Annotated[dict[str, Any], local("The recipe's parameters.")]
    input_digest: Annotated[str, local("Digest of all that the build depends on.")]
    content_digest: Annotated[str, fixed("Digest of the files.")]
    tensorflow: Annotated[str, local("TensorFlow version that exported it.")]
    signatures: Annotated[dict[str, Any], local("Signature -> inputs and outputs, `float32[?, 28, 28]`.")]
    metrics: Annotated[dict[str, float], local("What the training measured.")]
    size: Annotated[Int64, local("Bytes of all files.")]
    secrets: Secrets


class SavedModelOutputs(TypedDict, total=False):
    """What comes back of a SavedModel."""

    uri: Annotated[str, output("`gs://BUCKET/PREFIX/`, the `deploymentUri` of a version.")]
    missing: Annotated[list[str], output("Its files, `manifest.json` among them, that the last look did not find.")]
    drift: Annotated[dict[str, Any], output("Fixed fields changed outside.")]


_PLAIN = "not needed to serve SavedModels; where others set it, it is left alone"
_IDENTITY = "says again what name, project and location say"

BUCKET = Schema(
    "bucket",
    "Bucket",
    BucketArgs,
    BucketOutputs,
    left_out={
        **dict.fromkeys(("acl", "defaultObjectAcl", "owner"), "per-object lists: uniform access replaces them"),
        **dict.fromkeys(("id", "kind", "locationType", "projectNumber", "generation"), _IDENTITY),
        **dict.fromkeys(("etag", "updated"), "changes with every change, as metageneration does"),
        **dict.fromkeys(("satisfiesPZI", "satisfiesPZS", "softDeleteTime", "hardDeleteTime"), "the API's own notes"),
        **dict.fromkeys(("autoclass", "billing", "cors", "website", "logging", "rpo", "ipFilter"), _PLAIN),
        **dict.fromkeys(("customPlacementConfig", "hierarchicalNamespace", "encryption"), _PLAIN),
        **dict.fromkeys(("defaultEventBasedHold", "objectRetention", "retentionPolicy", "softDeletePolicy"), _PLAIN),
    },
    rules=rules.bucket_failures,
)
SAVED_MODEL = Schema("SavedModel", "", SavedModelArgs, SavedModelOutputs, rules=rules.saved_model_failures)
