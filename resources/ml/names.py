"""How `ml` v1 names its resources, and the body of a patch that loses nothing of others."""

from __future__ import annotations

from gcp import errors
from resources.engine.provider import State
from resources.schema.fields import Schema


def model(project: str, name: str) -> str:
    """`projects/P/models/M`."""
    return f"projects/{project}/models/{name}"


def version(project: str, model_name: str, name: str) -> str:
    """`projects/P/models/M/versions/V`."""
    return f"{model(project, model_name)}/versions/{name}"


def last(name: str) -> str:
    """The last segment of a full name; the API gives some names bare and some full."""
    return name.rsplit("/", 1)[-1]


def patch_body(schema: Schema, live: State, olds: State, news: State, mask: list[str]) -> State:
    """The masked fields as wanted, labels that others set as they are, and the etag that was just read.

    Raises:
        FailedPrecondition: without an etag, a change that somebody makes meanwhile would be lost.
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
