"""The fields of a Cloud Storage bucket and of a SavedModel in it: name, type, what a change does; one line each.

Source: the discovery document of `storage` v1 (buckets). A test compares names and types with it. A SavedModel is a
resource of our own: a folder of objects.
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
    """Keep noncurrent objects: those that were replaced or deleted."""

    enabled: bool


class LifecycleAction(TypedDict, total=False):
    """What happens to an object. `storage_class` only with `SetStorageClass`."""

    type: Required[Literal["Delete", "SetStorageClass", "AbortIncompleteMultipartUpload"]]
    storage_class: StorageClass


class LifecycleCondition(TypedDict, total=False):
    """When it happens: if all given conditions hold. Ages in days, sizes in bytes, dates as `2026-01-31`."""

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
    """What the bucket does with objects automatically."""

    rule: list[LifecycleRule]


class UniformBucketLevelAccess(TypedDict):
    """Access by the bucket's policy alone, without access lists per object."""

    enabled: bool


class IamConfiguration(TypedDict, total=False):
    """Access control of the bucket."""

    uniform_bucket_level_access: UniformBucketLevelAccess
    public_access_prevention: Literal["inherited", "enforced"]


class FileFacts(TypedDict):
    """One file: its length in bytes, and its CRC32C in base64, big-endian, as Cloud Storage writes it."""

    size: Int64
    crc32c: str


class BucketArgs(TypedDict, total=False):
    """Arguments of a bucket."""

    project: Annotated[Input[str], path("Project id.", default="`gcp:project`")]
    name: Required[Annotated[Input[str], path("Globally unique name; 3 to 222 lowercase letters, digits, `-_.`.")]]
    location: Annotated[Input[str], fixed("Region, dual-region or multi-region.", default="`US`")]
    storage_class: Annotated[Input[StorageClass], mutable("Class of new objects.", default="`STANDARD`")]
    labels: Annotated[Input[Texts], mutable("Labels, at most 63; labels set by others are kept.")]
    versioning: Annotated[Input[Versioning], mutable("Whether to keep replaced and deleted objects.", "enabled")]
    lifecycle: Annotated[Input[Lifecycle], mutable("What happens to objects automatically.")]
    iam_configuration: Annotated[
        Input[IamConfiguration],
        mutable("Access: uniform, not public.", "uniformBucketLevelAccess", "publicAccessPrevention"),
    ]
    force_destroy: Annotated[bool, local("Delete the bucket even if it is not empty.", default="false", lasting=True)]
    allow_downtime: AllowDowntime
    owner: Owner
    secrets: Secrets
    adopt: Adopt


class BucketOutputs(TypedDict, total=False):
    """Outputs of a bucket."""

    metageneration: Annotated[Int64, output("Counts the changes of the bucket itself.")]
    time_created: Annotated[str, output("When it was made, RFC 3339.")]
    self_link: Annotated[str, output("Its address in the API.")]
    drift: Annotated[dict[str, Any], output("Fixed fields changed outside: field -> what the API has now.")]


class SavedModelArgs(TypedDict, total=False):
    """Arguments of a SavedModel: source, destination, and facts that a reviewer wants to see in a diff.

    Other inputs can lead to the same bytes, such as a new comment in the recipe: the facts change, but nothing is sent.
    """

    bucket: Required[Annotated[Input[str], path("Name of the bucket.")]]
    prefix: Required[Annotated[Input[str], path("Folder in the bucket: `RECIPE/CONTENT_DIGEST`.")]]
    source: Annotated[
        Input[Free],
        local("Folder of the bytes, below the project's.", default="the bucket has them already", quiet=True),
    ]
    left_out: Annotated[
        list[str],
        local("Files of that folder that are left out as junk.", default="none", quiet=True),
    ]
    artifact_source: Annotated[
        str, local("Bucket to copy the files from, if it has them under the same prefix.", default="none")
    ]
    owner: Annotated[
        Input[str], mutable("`stack.Identity.token`: claims the artifact, which is kept as long as there is a claim.")
    ]
    adopt: Annotated[bool, local("Take over this stack's claim from before it lost its state.", default="false")]
    size_limit: Annotated[Int64, local("Maximum bytes on the machines of its versions.", default="10 GB")]
    files: Required[Annotated[dict[str, FileFacts], mutable("Every file: path -> length and CRC32C.")]]
    recipe: Annotated[str, local("The recipe that built it.")]
    parameters: Annotated[dict[str, Any], local("The recipe's parameters.")]
    input_digest: Annotated[str, local("Digest of all that the build depends on.")]
    content_digest: Annotated[str, fixed("Digest of the files.")]
    tensorflow: Annotated[str, local("TensorFlow version that exported it.")]
    signatures: Annotated[dict[str, Any], local("Signature -> inputs and outputs, `float32[?, 28, 28]`.")]
    metrics: Annotated[dict[str, float], local("Metrics from the training.")]
    size: Annotated[Int64, local("Bytes of all files.")]
    secrets: Secrets


class SavedModelOutputs(TypedDict, total=False):
    """Outputs of a SavedModel."""

    uri: Annotated[str, output("`gs://BUCKET/PREFIX/`, the `deploymentUri` of a version.")]
    missing: Annotated[list[str], output("Its files, including `manifest.json`, that the last refresh did not find.")]
    drift: Annotated[dict[str, Any], output("Fixed fields changed outside.")]


_PLAIN = "not needed to serve SavedModels; a value set by others is kept"
_IDENTITY = "repeats name, project and location"

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
