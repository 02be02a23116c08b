"""`storage.SavedModel`: the files of one artifact under one prefix of the bucket, named by their content."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pulumi
from typing_extensions import Unpack

from resources import errors
from resources._provider import Call, Provider, State
from resources._resource import Resource
from resources.storage import _folder, _objects, manifests
from resources.storage.schema import SAVED_MODEL, SavedModelArgs

MANIFEST = manifests.NAME


class SavedModelProvider(Provider):
    """`objects` of `storage` v1: every file checked before it is sent and again by the API, the manifest last."""

    schema = SAVED_MODEL
    timeouts = {"create": 3600.0, "update": 3600.0, "delete": 3600.0}  # noqa: RUF012 - declared as ClassVar in Provider

    def identity(self, inputs: State) -> str:
        """`gs://BUCKET/PREFIX/`."""
        return f"gs://{inputs['bucket']}/{inputs['prefix']}/"

    def observe(self, call: Call, inputs: State) -> State:
        """`objects.list`: which of the files are there, and what they hold. Raises `NotFound` without a manifest."""
        found = self._found(call, inputs)
        if MANIFEST not in found:
            raise errors.NotFound(f"{self.identity(inputs)} has no {MANIFEST}")
        return self._live(inputs, found)

    def make(self, call: Call, inputs: State) -> State:
        """Sends what the bucket does not have yet: nothing at all where the same content is there."""
        found = self._found(call, inputs)
        for name in found.keys() & inputs["files"].keys():
            if _facts(found[name]) != _facts(inputs["files"][name]):
                raise errors.ArtifactError(
                    f"{self.identity(inputs)}{name} holds other bytes than this artifact; it was changed outside: "
                    "delete it and run again"
                )
        self._send(call, inputs, found)
        return self._live(inputs, {**inputs["files"]})

    def patch(self, call: Call, olds: State, news: State, mask: list[str]) -> State:
        """Puts back files that were altered or removed outside, in the place of exactly the bytes that were seen."""
        del olds, mask
        self._send(call, news, self._found(call, news))
        return self.observe(call, news)

    def remove(self, call: Call, inputs: State) -> None:
        """`objects.delete`: the manifest first, so that what is left by a failure does not look whole."""
        ours = [item for name, item in self._found(call, inputs).items() if name in (MANIFEST, *inputs["files"])]
        ours.sort(key=lambda item: not item["name"].endswith(f"/{MANIFEST}"))
        _objects.delete_all(call, inputs["bucket"], ours[:1])
        _objects.delete_all(call, inputs["bucket"], ours[1:])

    def instead(self, news: State) -> str:
        """What is under a prefix is what its content digest says."""
        del news
        return "These facts belong to other bytes: give it the prefix of its own content digest"

    def _found(self, call: Call, inputs: State) -> dict[str, State]:
        """Path below the prefix -> the object."""
        prefix = f"{inputs['prefix']}/"
        items = _objects.listed(call, inputs["bucket"], prefix)
        return {item["name"].removeprefix(prefix): item for item in items}

    def _live(self, inputs: State, found: Mapping[str, State]) -> State:
        files = {name: _facts(found[name]) for name in inputs["files"] if name in found}
        described = {name: inputs[name] for name in self.schema.names("fixed") if name in inputs}
        return {**described, "files": files, "uri": self.identity(inputs)}

    def _send(self, call: Call, inputs: State, found: Mapping[str, State]) -> None:
        """Whatever differs from what is there; every local file is checked before the first byte."""
        wanted = {name: _facts(facts) for name, facts in inputs["files"].items()}
        lacking = {name: facts for name, facts in wanted.items() if name not in found or _facts(found[name]) != facts}
        if not lacking and MANIFEST in found:
            return
        folder = _folder.located(inputs.get("source"), self.identity(inputs))
        _folder.verify(folder, wanted, inputs.get("sizeLimit"))

        def upload(name: str, file: Path, facts: State) -> _objects.Upload:
            seen = int(found[name]["generation"]) if name in found else 0
            return _objects.Upload(file=file, name=f"{inputs['prefix']}/{name}", replaces=seen, **facts)

        uploads = [upload(name, folder / name, facts) for name, facts in sorted(lacking.items())]
        _objects.upload_all(call, inputs["bucket"], uploads)
        if MANIFEST not in found:
            with _folder.manifest(folder, inputs) as (file, facts):
                _objects.upload_all(call, inputs["bucket"], [upload(MANIFEST, file, facts)])


def _facts(item: Mapping[str, Any]) -> State:
    """A file's facts: the engine hands its size over as a float, the API as a string."""
    return {"size": int(item["size"]), "crc32c": item["crc32c"]}


class SavedModel(Resource, module="storage", name="SavedModel"):
    """The files of one artifact under one prefix of the bucket."""

    provider = SavedModelProvider

    def __init__(
        self, resource_name: str, opts: pulumi.ResourceOptions | None = None, **args: Unpack[SavedModelArgs]
    ) -> None:
        super().__init__(resource_name, args, opts)
