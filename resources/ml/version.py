"""`ml.Version`: one deployed artifact of a model, with its scaling settings."""

from __future__ import annotations

from dataclasses import replace

import pulumi
from typing_extensions import Unpack

from gcp import errors
from resources.engine import ownership, patch_bodies
from resources.engine.provider import Call, Provider, State
from resources.engine.resource import Resource
from resources.gate import admission, compatibility
from resources.ml import default_handover, names, rules
from resources.ml.schema import VERSION, VersionArgs
from resources.ml.service import ML
from resources.schema.fields import Changes
from resources.storage import processor_builds
from resources.storage import rules as storage_rules

_ALREADY_EXISTS = 6
"""google.rpc.Code of an operation's error."""
_TRIES = 5
"""How often a deletion makes another version the default, if several versions are deleted at the same time."""


class VersionProvider(Provider):
    """`projects.models.versions` of `ml` v1."""

    schema = VERSION
    service = ML
    deletion_goes_on = True
    timeouts = {"create": 3600.0, "read": 600.0, "update": 600.0, "delete": 600.0}  # noqa: RUF012 - a ClassVar above

    def identity(self, inputs: State) -> str:
        """`projects/P/models/M/versions/V`."""
        return names.version(inputs["project"], inputs["model"], inputs["name"])

    def compared(self, olds: State, news: State) -> Changes:
        """Labels are fixed on mls1 machines, where the API does not patch them."""
        found = super().compared(olds, news)
        if "labels" not in found.patch or not rules.is_mls1(news):
            return found
        patch = [path for path in found.patch if path != "labels"]
        return replace(found, patch=patch, fixed=sorted([*found.fixed, "labels"]))

    def judge(self, olds: State, news: State) -> admission.Verdict | None:
        """Refuses a recreated version that would break the clients of the old one."""
        if not olds or "deploymentUri" not in self._changes(olds, news).fixed:
            return None
        verdict, name = admission.Verdict([], []), str(news["name"])
        known = [compatibility.readable(each.get("signatures")) for each in (olds, news)]
        admission.judge_signatures(verdict, news, name, name, *known)
        return verdict

    def observe(self, call: Call, inputs: State) -> State:
        """`projects.models.versions.get`."""
        live: State = call.api.call(default_handover.versions(call).get(name=self.identity(inputs)))
        return live

    def make(self, call: Call, inputs: State) -> State:
        """`projects.models.versions.create`, awaited. A version that failed is deleted before the error is raised."""
        body = {**self.schema.body(inputs), "name": inputs["name"]}
        parent = names.model(inputs["project"], inputs["model"])
        request = default_handover.versions(call).create(parent=parent, body=body)
        try:
            call.operate(request, repeatable=ownership.bears_mark(inputs))
        except errors.OperationFailed as error:
            if error.code == _ALREADY_EXISTS:
                exists = errors.AlreadyExists(str(error))
                exists.method = error.method
                raise exists from None
            self._clear_failed(call, inputs)
            raise
        default_handover.made.add(self.identity(inputs))
        mask = self.schema.after_create(inputs)
        live = self.patch(call, {}, inputs, mask) if mask else self.observe(call, inputs)
        return self.observe(call, inputs) if default_handover.restore(call, live) else live

    def patch(self, call: Call, olds: State, news: State, mask: list[str]) -> State:
        """`projects.models.versions.patch` with the etag of a fresh read, awaited; labels that others set stay."""
        live = self.wait_for_operation(call, news, self.observe(call, news))
        body = patch_bodies.patch_body(self.schema, live, olds, news, mask)
        request = default_handover.versions(call).patch(name=self.identity(news), updateMask=",".join(mask), body=body)
        call.operate(request, repeatable=True)  # the etag keeps it from undoing what somebody else did in between
        return self.observe(call, news)

    def remove(self, call: Call, inputs: State) -> None:
        """`projects.models.versions.delete`, awaited.

        The API refuses to delete the default version while others exist: another one becomes the default first.
        """
        default_handover.require_unused(inputs)
        live = self.wait_for_operation(call, inputs, self.observe(call, inputs))
        for _ in range(_TRIES):
            if live.get("isDefault"):
                default_handover.hand_over(call, live)
            try:
                call.operate(default_handover.versions(call).delete(name=self.identity(inputs)), repeatable=True)
            except errors.FailedPrecondition as error:
                refusal = error
            else:
                return
            live = self.wait_for_operation(
                call, inputs, self.observe(call, inputs)
            )  # gone, if the first response was lost
            if not live.get("isDefault"):
                break  # else another version, deleted at the same time, has just made this one the default
        raise refusal

    def wait_until_stable(self, call: Call, inputs: State, live: State) -> State:
        """Waits for a version that an earlier process started; one that failed is deleted and created again."""
        marked = ownership.marked(inputs, ownership.mark(self.schema, inputs, call.urn))
        try:
            live = self.wait_for_operation(call, inputs, live)
        except errors.NotFound:  # it was being deleted
            return self.make(call, marked)
        if live.get("state") == "READY":
            return live
        if live.get("state") != "FAILED":
            raise errors.OperationTimeout(
                f"{call.what}: it is {live.get('state')}, neither READY nor FAILED: run again later"
            )
        self._clear_failed(call, inputs)
        return self.make(call, marked)

    def wait_for_operation(self, call: Call, inputs: State, live: State) -> State:
        """The version once no operation is under way on it. Raises `NotFound` at the end of a deletion."""
        if live.get("state") not in default_handover.BUSY:
            return live
        call.report(f"it is {live['state']}, by an earlier operation: waiting")
        with call.polling() as least:
            for _ in call.pauses(least=least):
                live = self.observe(call, inputs)
                if live.get("state") not in default_handover.BUSY:
                    return live
        raise errors.OperationTimeout(
            f"{call.what}: still {live['state']} after {call.timeout:g} s, by an earlier operation: "
            "run again later, or give more time with `timeouts`"
        )

    def _refusal(self, path: str, olds: State, news: State) -> str:
        """As for every resource; if another build of the recipe is declared, also says how to keep the deployed one."""
        text = super()._refusal(path, olds, news)
        if path != "deploymentUri" or olds.get(path) == news[path]:
            return text
        return processor_builds.with_ways(text, str(olds.get(path)), news[path], ownership.all_declared())

    def replacement_hint(self, news: State, path: str) -> str:
        """A version is immutable: another artifact needs another name."""
        is_artifact = path == "deploymentUri"
        pin = "pin the artifact that this version was made of (RECIPE@INPUT_DIGEST), " * is_artifact
        junk = storage_rules.junk_hint(news[path], ownership.all_declared()) if is_artifact else ""
        another = f"{junk}Deploy it under a new version name beside {news['name']} and move the default"
        return f"{another}, {pin}or say allowDowntime: true"

    def _clear_failed(self, call: Call, inputs: State) -> None:
        """Deletes a FAILED version, which would stay listed and keep its name."""
        try:
            if self.observe(call, inputs).get("state") == "FAILED":
                call.operate(default_handover.versions(call).delete(name=self.identity(inputs)), repeatable=True)
        except errors.Error as error:
            pulumi.log.warn(call.hide(f"{self.identity(inputs)} is FAILED and could not be deleted: {error}"))


class Version(Resource, module="ml", name="Version"):
    """One deployed artifact of a model, with its scaling settings."""

    provider = VersionProvider

    def __init__(
        self, resource_name: str, opts: pulumi.ResourceOptions | None = None, **args: Unpack[VersionArgs]
    ) -> None:
        super().__init__(resource_name, args, opts)
