"""`storage.Bucket`: where SavedModels lie."""

from __future__ import annotations

from collections.abc import Iterator

import pulumi
from typing_extensions import Unpack

from gcp import errors
from resources.engine import error_messages, ownership
from resources.engine.provider import Call, Provider, State
from resources.engine.resource import Resource
from resources.schema.fields import Changes
from resources.storage import artifact_removal
from resources.storage import claims as _claims
from resources.storage.schema import BUCKET, BucketArgs
from resources.storage.service import STORAGE
from resources.storage.transfer import parallel

SHOWN = 5
_ANOTHER = f"Another location or project is for a bucket of another name. {error_messages.UNTAINT}"


class BucketProvider(Provider):
    """`buckets` of `storage` v1."""

    schema = BUCKET
    service = STORAGE

    def identity(self, inputs: State) -> str:
        """The bucket's name: there is one such bucket in the world."""
        return str(inputs["name"])

    def compared(self, olds: State, news: State) -> Changes:
        """A location that means the same is no change."""
        old, new = olds.get("location"), news.get("location")
        same = bool(old and new) and str(old).upper() == str(new).upper()
        return super().compared(olds, {**news, "location": old} if same else news)

    def observe(self, call: Call, inputs: State) -> State:
        """`buckets.get`. The API writes locations in capitals: a location that means the same keeps its spelling."""
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
        """`buckets.patch`: labels that are no longer declared are removed, those of others stay."""
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
        """`buckets.delete`, of an empty bucket, or with `forceDestroy` after everything in it.

        Where another stack claims an artifact in it, it stays, with a warning: that stack has it in its state too.

        Raises:
            FailedPrecondition: it is not empty; or it is claimed, and to be made again, which it could not be.
        """
        name = inputs["name"]

        def claimed() -> list[State]:
            again = ownership.declared(call.urn).get("owner")  # an identity that is made again, too
            return _claims.of_others(call, name, inputs.get("owner"), again)

        claims = claimed()
        if not claims:
            found = parallel.listed(call, name, versions=True)
            items = list(found) if inputs.get("forceDestroy") else _leftovers(call, found)
            claims = artifact_removal.remove(call, name, items, claimed) if items else []
        if claims and ownership.declared(call.urn):
            raise errors.FailedPrecondition(
                f"it cannot be made again: it is used by {_claims.stacks(claims)}. {_ANOTHER}"
            )
        if claims:
            call.warn(f"bucket {name} stays with what is in it: it is used by {_claims.stacks(claims)}")
            return
        call.api.call(call.methods("buckets").delete(bucket=name), repeatable=True)


def _leftovers(call: Call, found: Iterator[State]) -> list[State]:
    """What may go with a bucket: claims of its own stack. All else is refused: the API would not say what it is."""
    claims, names = list[State](), list[str]()
    for item in found:
        if _claims.is_claim(item["name"]):
            claims.append(item)
        elif len(names) <= SHOWN:
            names.append(item["name"])
        else:
            break
    if names:
        more = " and more" if len(names) > SHOWN else ""
        again = f". {_ANOTHER}" if ownership.declared(call.urn) else ""
        raise errors.FailedPrecondition(
            f"it holds {', '.join(names[:SHOWN])}{more}; delete them, or set forceDestroy: true to lose them{again}"
        )
    return claims


class Bucket(Resource, module="storage", name="Bucket"):
    """Where SavedModels lie."""

    provider = BucketProvider

    def __init__(
        self, resource_name: str, opts: pulumi.ResourceOptions | None = None, **args: Unpack[BucketArgs]
    ) -> None:
        super().__init__(resource_name, args, opts)
