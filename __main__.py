"""The deployment: configuration -> artifacts -> resources -> outputs."""

from __future__ import annotations

import pulumi

import models
from resources import google_setup, platforms, stack, storage


def main() -> None:
    """Reads the whole configuration before the first resource is registered."""
    platform = platforms.chosen(pulumi.runtime.get_config_env())
    wanted = stack.configuration(platform, models.resolve, models.ModelsError)
    setup = google_setup.declare(wanted, platform.service)
    owner = stack.Identity("stack", pulumi.ResourceOptions(depends_on=setup.apis)).token
    bucket = storage.Bucket(wanted.bucket["name"], owner=owner, **wanted.bucket)
    emptied = [bucket] * bool(wanted.bucket.get("forceDestroy"))  # made again, it is filled again; else it is kept

    def save(*after: pulumi.Resource) -> dict[str, pulumi.Resource]:
        inside = pulumi.ResourceOptions(depends_on=[bucket, *after], replace_with=[*emptied])
        return {key: storage.SavedModel(key, inside, owner=owner, **item) for key, item in wanted.saved_models.items()}

    pulumi.export("bucket", stack.or_else(bucket.name))
    for name, value in [*setup.account(bucket), *platform.declare(wanted, owner, bucket, save)]:
        pulumi.export(name, value)


main()
