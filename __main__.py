"""The deployment: configuration -> artifacts -> resources -> outputs."""

from __future__ import annotations

import pulumi

import models
from resources import platforms, stack, storage


def main() -> None:
    """Reads the whole configuration before the first resource is registered."""
    platform = platforms.chosen(pulumi.runtime.get_config_env())
    wanted = stack.configuration(platform, models.resolve, models.ModelsError)
    owner = stack.Identity("stack").token
    bucket = storage.Bucket(wanted.bucket["name"], owner=owner, **wanted.bucket)
    emptied = [bucket] * bool(wanted.bucket.get("forceDestroy"))  # made again, it is filled again; else it is kept
    inside = pulumi.ResourceOptions(depends_on=[bucket], replace_with=[*emptied])
    saved = {key: storage.SavedModel(key, inside, owner=owner, **item) for key, item in wanted.saved_models.items()}
    pulumi.export("bucket", stack.or_else(bucket.name))
    for name, value in platform.declare(wanted, owner, bucket, saved):
        pulumi.export(name, value)


main()
