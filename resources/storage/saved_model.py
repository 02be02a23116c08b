"""`storage.SavedModel`: an artifact's files under a prefix of the bucket that is named by their content."""

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
from resources.storage import artifact_removal, claims, rules
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
        """`objects.list`: which files exist, with size and checksum, and whether the artifact is claimed.

        Raises:
            NotFound: neither files nor a claim are left. If some are, the resource stays in the state, since nobody
                else would ever delete them.
        """
        found = parallel.below(call, inputs["bucket"], inputs["prefix"])
        claimed = bool(inputs.get("owner")) and claims.is_there(call, inputs)
        if not claimed and found.keys().isdisjoint(_names(inputs)):
            raise errors.NotFound(f"nothing is left of {self.identity(inputs)}")
        return self._live(inputs, found, claimed=claimed)

    def compared(self, olds: State, news: State) -> Changes:
        """As the schema says; also, files that a refresh did not find are sent again, including the manifest."""
        found = super().compared(olds, news)
        lacking = olds.get("missing") and "files" not in found.patch
        return replace(found, patch=sorted([*found.patch, "files"])) if lacking else found

    def make(self, call: Call, inputs: State) -> State:
        """Claims the artifact, then sends what the bucket lacks, which may be nothing."""
        again = claims.write(call, inputs)  # it was this resource's own before: it is mended, as `patch` does
        if inputs.get("adopt"):
            claims.take_over(call, inputs)
        try:
            artifact.ensure(call, inputs, mend=again)
        except ArtifactError:
            if not again:
                claims.drop(call, inputs)  # the user has to change something: perhaps to another artifact
            raise
        return self._live(inputs, {**inputs["files"], MANIFEST: {}}, claimed=True)

    def patch(self, call: Call, olds: State, news: State, mask: list[str]) -> State:
        """Restores a lost claim, and files that were altered or deleted outside Pulumi."""
        claims.write(call, news)
        artifact.ensure(call, news, mend=True)
        if "owner" in mask and olds.get("owner"):
            claims.drop(call, {**news, "owner": olds["owner"]})
        return self.observe(call, news)

    def remove(self, call: Call, inputs: State) -> None:
        """Deletes the claim, and the objects if no other claim is left.

        In a replacement, claim and objects stay: they may be the only copy, and `make` finds and checks them.
        """
        again = dict(ownership.declared(call.urn))
        if again and self.identity(again) == self.identity(inputs):
            claims.hand_over(call, inputs, again)
            return
        claims.drop(call, inputs)

        def claimed() -> list[State]:
            return claims.of_artifact(call, inputs)

        blocking = claimed()
        if not blocking:
            found = parallel.below(call, inputs["bucket"], inputs["prefix"])
            ours = [item for name, item in found.items() if name in _names(inputs)]
            blocking = artifact_removal.remove(call, inputs["bucket"], ours, claimed)
        if blocking:
            call.report(f"its objects stay: they are used by {claims.stacks(blocking)}")

    def is_own(self, inputs: State, live: State, mark: str, *, made: bool) -> bool:
        """Whether this declaration claims it: the same content may lie there by others."""
        del mark, made
        return bool(inputs.get("owner")) and live.get("owner") == inputs["owner"] and not inputs.get("adopt")

    def replacement_hint(self, news: State, path: str) -> str:
        """A prefix contains a digest of its content, so other content needs another prefix."""
        del news, path
        return "The content differs: use the prefix of its own content digest"

    def _live(self, inputs: State, found: Mapping[str, State], *, claimed: bool) -> State:
        files = {name: parallel.facts(found[name]) for name in inputs["files"] if name in found}
        described = {name: inputs[name] for name in self.schema.names("fixed") if name in inputs}
        owner = {"owner": inputs["owner"]} if claimed and inputs.get("owner") else {}
        missing = sorted(_names(inputs) - found.keys())
        lacking = {"missing": missing} if missing else {}
        return {**described, **owner, **lacking, "files": files, "uri": self.identity(inputs)}


def _names(inputs: State) -> set[str]:
    """The files of a complete artifact, relative to its prefix."""
    return {MANIFEST, *inputs["files"]}


class SavedModel(Resource, module="storage", name="SavedModel"):
    """The files of one artifact under one prefix of the bucket."""

    provider = SavedModelProvider

    def __init__(
        self, resource_name: str, opts: pulumi.ResourceOptions | None = None, **args: Unpack[SavedModelArgs]
    ) -> None:
        super().__init__(resource_name, args, opts)
