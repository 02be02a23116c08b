"""`storage.Bucket`: the bucket for SavedModels."""

from __future__ import annotations

from collections.abc import Iterator

import pulumi
from typing_extensions import Unpack

from gcp import errors
from resources.engine import error_messages, ownership
from resources.engine.provider import Call, Provider, State
from resources.engine.resource import Resource
from resources.schema.fields import Changes
from resources.storage import artifact_removal, claims
from resources.storage.schema import BUCKET, BucketArgs
from resources.storage.service import STORAGE
from resources.storage.transfer import parallel

SHOWN = 5
_ANOTHER = f"To change location or project, use a bucket with another name. {error_messages.UNTAINT}"


class BucketProvider(Provider):
    """`buckets` of `storage` v1."""

    schema = BUCKET
    service = STORAGE

    def identity(self, inputs: State) -> str:
        """The bucket's name, which is globally unique."""
        return str(inputs["name"])

    def compared(self, olds: State, news: State) -> Changes:
        """As the schema says, but ignores the case of locations."""
        old, new = olds.get("location"), news.get("location")
        same = bool(old and new) and str(old).upper() == str(new).upper()
        return super().compared(olds, {**news, "location": old} if same else news)

    def observe(self, call: Call, inputs: State) -> State:
        """`buckets.get`. The API returns locations in uppercase: an equal one keeps the declared spelling."""
        live: State = call.api.call(call.methods("buckets").get(bucket=inputs["name"]))
        if str(live.get("location")).upper() == str(inputs.get("location", "")).upper():
            live["location"] = inputs["location"]
        return live

    def make(self, call: Call, inputs: State) -> State:
        """`buckets.insert`."""
        body = {**self.schema.body(inputs), "name": inputs["name"]}
        request = call.methods("buckets").insert(project=inputs["project"], body=body)
        call.api.call(request, repeatable=ownership.bears_mark(inputs))
        return self.observe(call, inputs)

    def patch(self, call: Call, olds: State, news: State, mask: list[str]) -> State:
        """`buckets.patch`: labels that are no longer declared are removed; labels set by others stay."""
        live = self.observe(call, news)
        body = self.schema.pick(news, mask)
        if "labels" in mask:
            gone = set(olds.get("labels") or {}) - set(news["labels"])
            body["labels"] = {**dict.fromkeys(gone), **news["labels"]}
        request = call.methods("buckets").patch(
            bucket=news["name"], body=body, ifMetagenerationMatch=live["metageneration"]
        )
        call.api.call(request, repeatable=True)
        return self.observe(call, news)

    def remove(self, call: Call, inputs: State) -> None:
        """`buckets.delete` of an empty bucket; with `forceDestroy`, of its content too.

        If another stack claims an artifact in it, the bucket is kept, with a warning: that stack may manage it too.

        Raises:
            FailedPrecondition: it is not empty; or it is to be replaced, but another stack claims an artifact in it.
        """
        name = inputs["name"]

        def claimed() -> list[State]:
            again = ownership.declared(call.urn).get("owner")  # of an identity that is replaced too
            return claims.of_others(call, name, inputs.get("owner"), again)

        blocking = claimed()
        if not blocking:
            found = parallel.listed(call, name, versions=True)
            items = list(found) if inputs.get("forceDestroy") else _leftovers(call, found)
            blocking = artifact_removal.remove(call, name, items, claimed) if items else []
        if blocking and ownership.declared(call.urn):
            raise errors.FailedPrecondition(
                f"it cannot be replaced: it is used by {claims.stacks(blocking)}. {_ANOTHER}"
            )
        if blocking:
            call.warn(f"bucket {name} and its content are kept: it is used by {claims.stacks(blocking)}")
            return
        call.api.call(call.methods("buckets").delete(bucket=name), repeatable=True)


def _leftovers(call: Call, found: Iterator[State]) -> list[State]:
    """The claims of the bucket's own stack, which are deleted with it. Refuses all other content, and names it."""
    own, names = list[State](), list[str]()
    for item in found:
        if claims.is_claim(item["name"]):
            own.append(item)
        elif len(names) <= SHOWN:
            names.append(item["name"])
        else:
            break
    if names:
        more = " and more" if len(names) > SHOWN else ""
        again = f". {_ANOTHER}" if ownership.declared(call.urn) else ""
        raise errors.FailedPrecondition(
            f"it contains {', '.join(names[:SHOWN])}{more}; delete them, or set forceDestroy: true to lose them{again}"
        )
    return own


class Bucket(Resource, module="storage", name="Bucket"):
    """A bucket for SavedModels."""

    provider = BucketProvider

    def __init__(
        self, resource_name: str, opts: pulumi.ResourceOptions | None = None, **args: Unpack[BucketArgs]
    ) -> None:
        super().__init__(resource_name, args, opts)
