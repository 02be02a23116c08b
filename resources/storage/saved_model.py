"""`storage.SavedModel`: the files of one artifact under one prefix of the bucket, named by their content."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pulumi
from typing_extensions import Unpack

from artifact_format.manifest import MANIFEST
from gcp import errors
from resources.deploy_errors import ArtifactError
from resources.engine import ownership
from resources.engine.provider import Call, Provider, State
from resources.engine.resource import Resource
from resources.schema.fields import Changes
from resources.storage import artifact_removal, rules
from resources.storage import claims as _claims
from resources.storage.schema import SAVED_MODEL, SavedModelArgs
from resources.storage.service import STORAGE
from resources.storage.transfer import artifact, parallel


class SavedModelProvider(Provider):
    """`objects` of `storage` v1: every file checked before it is sent and again by the API, the manifest last."""

    schema = SAVED_MODEL
    service = STORAGE
    claimed = True
    create_adopts_existing = True  # it must not be looked at before it is claimed

    def identity(self, inputs: State) -> str:
        """`gs://BUCKET/PREFIX/`."""
        return rules.folder_uri(inputs)

    def observe(self, call: Call, inputs: State) -> State:
        """`objects.list`: which of the files are there, what they hold, and whether it is claimed.

        Raises:
            NotFound: nothing is left of it, and no claim. What is half there must not be forgotten: nobody else
                would ever delete it.
        """
        found = parallel.below(call, inputs["bucket"], inputs["prefix"])
        claimed = bool(inputs.get("owner")) and _claims.is_there(call, inputs)
        if not claimed and found.keys().isdisjoint(_names(inputs)):
            raise errors.NotFound(f"nothing is left of {self.identity(inputs)}")
        return self._live(inputs, found, claimed=claimed)

    def compared(self, olds: State, news: State) -> Changes:
        """What was seen to be missing of it is put back, the manifest too, which is none of the declared files."""
        found = super().compared(olds, news)
        lacking = olds.get("missing") and "files" not in found.patch
        return replace(found, patch=sorted([*found.patch, "files"])) if lacking else found

    def make(self, call: Call, inputs: State) -> State:
        """Claims it, then sends what the bucket does not have yet: nothing at all where the same content is there."""
        again = _claims.write(call, inputs)  # it was this resource's own before: it is mended, as `patch` does
        if inputs.get("adopt"):
            _claims.take_over(call, inputs)
        try:
            artifact.ensure(call, inputs, mend=again)
        except ArtifactError:
            if not again:
                _claims.drop(call, inputs)  # the user has to change something: perhaps to another artifact
            raise
        return self._live(inputs, {**inputs["files"], MANIFEST: {}}, claimed=True)

    def patch(self, call: Call, olds: State, news: State, mask: list[str]) -> State:
        """Puts back a lost claim, and files that were altered or removed outside."""
        _claims.write(call, news)
        artifact.ensure(call, news, mend=True)
        if "owner" in mask and olds.get("owner"):
            _claims.drop(call, {**news, "owner": olds["owner"]})
        return self.observe(call, news)

    def remove(self, call: Call, inputs: State) -> None:
        """Drops the claim; the objects go only where no other claim is left.

        What this run makes again stays, claimed: the objects may be the only copy, and `make` finds and checks them.
        """
        again = dict(ownership.declared(call.urn))
        if again and self.identity(again) == self.identity(inputs):
            _claims.hand_over(call, inputs, again)
            return
        _claims.drop(call, inputs)

        def claimed() -> list[State]:
            return _claims.of_artifact(call, inputs)

        claims = claimed()
        if not claims:
            found = parallel.below(call, inputs["bucket"], inputs["prefix"])
            ours = [item for name, item in found.items() if name in _names(inputs)]
            claims = artifact_removal.remove(call, inputs["bucket"], ours, claimed)
        if claims:
            call.report(f"its objects stay: they are used by {_claims.stacks(claims)}")

    def replacement_hint(self, news: State, path: str) -> str:
        """What is under a prefix is what its content digest says."""
        del news, path
        return "These facts belong to other bytes: give it the prefix of its own content digest"

    def _live(self, inputs: State, found: Mapping[str, State], *, claimed: bool) -> State:
        files = {name: parallel.facts(found[name]) for name in inputs["files"] if name in found}
        described = {name: inputs[name] for name in self.schema.names("fixed") if name in inputs}
        owner = {"owner": inputs["owner"]} if claimed and inputs.get("owner") else {}
        missing = sorted(_names(inputs) - found.keys())
        lacking = {"missing": missing} if missing else {}
        return {**described, **owner, **lacking, "files": files, "uri": self.identity(inputs)}


def _names(inputs: State) -> set[str]:
    """The files of a whole artifact, below its prefix."""
    return {MANIFEST, *inputs["files"]}


class SavedModel(Resource, module="storage", name="SavedModel"):
    """The files of one artifact under one prefix of the bucket."""

    provider = SavedModelProvider

    def __init__(
        self, resource_name: str, opts: pulumi.ResourceOptions | None = None, **args: Unpack[SavedModelArgs]
    ) -> None:
        super().__init__(resource_name, args, opts)
