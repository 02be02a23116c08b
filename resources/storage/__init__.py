"""Cloud Storage: the bucket, and the SavedModels in it."""

from typing import TYPE_CHECKING, Any

from resources import lazy_exports
from resources.storage.schema import (
    FileFacts,
    IamConfiguration,
    Lifecycle,
    LifecycleAction,
    LifecycleCondition,
    LifecycleRule,
    UniformBucketLevelAccess,
    Versioning,
)

if TYPE_CHECKING:
    from resources.storage.bucket import Bucket
    from resources.storage.saved_model import SavedModel

__all__ = [
    "Bucket",
    "FileFacts",
    "IamConfiguration",
    "Lifecycle",
    "LifecycleAction",
    "LifecycleCondition",
    "LifecycleRule",
    "SavedModel",
    "UniformBucketLevelAccess",
    "Versioning",
]


def __getattr__(name: str) -> Any:
    """Loads a class on first use, so that schemas and rules can be read without Pulumi."""
    return lazy_exports.load(__name__, {"Bucket": "bucket", "SavedModel": "saved_model"}, name)
