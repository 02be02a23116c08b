"""The body of a patch, built so that changes by others are not lost."""

from __future__ import annotations

from gcp import errors
from resources.engine.provider_context import State
from resources.schema.fields import Schema


def patch_body(schema: Schema, live: State, olds: State, news: State, mask: list[str]) -> State:
    """The masked fields with their wanted values, labels of others unchanged, and the etag that was just read.

    Raises:
        FailedPrecondition: there is no etag, so a concurrent change would be lost.
    """
    if not live.get("etag"):
        raise errors.FailedPrecondition(
            "the API gave no etag, without which a change that somebody makes meanwhile would be lost: nothing was "
            "sent; make the change by hand, then run `pulumi refresh`"
        )
    body = schema.pick(news, mask)
    if "labels" in mask:
        others = {
            key: item for key, item in (live.get("labels") or {}).items() if key not in (olds.get("labels") or {})
        }
        body["labels"] = {**others, **news["labels"]}
    return {**body, "etag": live["etag"]}
