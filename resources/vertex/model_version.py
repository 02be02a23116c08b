"""`vertex.ModelVersion`: one upload to the model registry: an artifact and the container that serves it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pulumi
from typing_extensions import Unpack

from gcp import errors
from resources.engine import error_messages, ownership, patch_bodies
from resources.engine.provider import Call, Provider, State
from resources.engine.resource import Resource
from resources.schema.labels import LABEL
from resources.vertex import names, versions
from resources.vertex.fields.model import MODEL_VERSION, ModelVersionArgs
from resources.vertex.rules import DEFAULT
from resources.vertex.service import VERTEX
from resources.vertex.shared_state import alone

_FAILED_PRECONDITION = 9
"""google.rpc.Code of an operation's error."""
_SETTLING = 120.0
"""Seconds for which the service may still refuse to delete a version that was just undeployed."""


class ModelVersionProvider(Provider):
    """`projects.locations.models.upload` of `aiplatform` v1."""

    schema = MODEL_VERSION
    service = VERTEX
    deletion_goes_on = True
    timeouts = {"create": 3600.0, "read": 600.0, "update": 600.0, "delete": 900.0}  # noqa: RUF012 - a ClassVar above

    def identity(self, inputs: State) -> str:
        """`projects/P/locations/L/models/M/versions/NAME`: our own ID, since the service numbers versions."""
        return f"{names.model(inputs)}/versions/{inputs['name']}"

    def observe(self, call: Call, inputs: State) -> State:
        """`models.listVersions`: the version whose label has the name."""
        return _as_declared(_named(versions.listed(call, inputs), inputs), inputs)

    def await_creation(self, call: Call, inputs: State) -> None:
        """Waits for uploads to the model: a version is listed when its upload ends."""
        with alone(call, names.model(inputs)):
            return

    def make(self, call: Call, inputs: State) -> State:
        """`models.upload`, awaited. Uploads to one model run one at a time: the first one creates the model."""
        with alone(call, names.model(inputs)):
            there = versions.listed(call, inputs)
            if versions.named(there, inputs["name"]):
                raise errors.AlreadyExists(
                    f"the model {inputs['model']} has a version with this name, which is not in this stack's state: "
                    "adopt: true takes it over; or choose another name"
                )
            if there and not inputs.get("adopt"):
                _require_ours(there, inputs)
            try:
                made = call.operate(self._upload(call, inputs, first=not there), repeatable=False)
                request = versions.methods(call).get(name=f"{names.model(inputs)}@{made['modelVersionId']}")
                found = call.api.call(request)  # the list may be stale
            except errors.EndpointUnreachable:  # it may have begun: a retry would create a second version
                with alone(call, names.model(inputs)):
                    found = versions.named(versions.listed(call, inputs), inputs["name"])
                if found is None:
                    raise
        return _as_declared(found, inputs)

    def _upload(self, call: Call, inputs: State, *, first: bool) -> Any:
        model = {**self.schema.body(inputs), "displayName": inputs.get("displayName") or inputs["model"]}
        model["labels"] = {**(inputs.get("labels") or {}), names.VERSION_LABEL: inputs["name"]}
        place = {"modelId": inputs["model"]} if first else {"parentModel": names.model(inputs)}
        account = {"serviceAccount": inputs["serviceAccount"]} if inputs.get("serviceAccount") else {}
        parent = names.location(inputs["project"], inputs["location"])
        return versions.methods(call).upload(parent=parent, body={"model": model, **place, **account})

    def patch(self, call: Call, olds: State, news: State, mask: list[str]) -> State:
        """`models.patch` of the version, and `models.mergeVersionAliases`. Labels and aliases that others set stay."""
        there = versions.listed(call, news)
        live = _named(there, news)
        fields = [path for path in mask if path != "versionAliases"]
        if fields:
            body = patch_bodies.patch_body(self.schema, live, olds, news, fields)
            shared = versions.labels_of_all(there) - {LABEL, names.VERSION_LABEL}
            versions.patch(call, versions.full_name(news, live), fields, body, shared - news.get("labels", {}).keys())
        if "versionAliases" in mask:
            before, wanted = olds.get("versionAliases") or [], news["versionAliases"]
            changes = [*wanted, *(f"-{alias}" for alias in before if alias not in wanted)]
            versions.merge_aliases(call, news, live, changes)
        return self.observe(call, news)

    def remove(self, call: Call, inputs: State) -> None:
        """`models.deleteVersion`, or `models.delete` for the last version of a model."""
        with alone(call, names.model(inputs)):
            there = versions.listed(call, inputs)
            found = versions.named(there, inputs["name"])
            if found is None:
                raise errors.NotFound("it is gone")
            others = [each for each in there if each is not found]
            if not others:
                _settled(call, found, lambda: versions.methods(call).delete(name=names.model(inputs)))
                return
            if versions.is_default(found):
                _hand_over(call, inputs, others)
            name = versions.full_name(inputs, found)
            _settled(call, found, lambda: versions.methods(call).deleteVersion(name=name))

    def replacement_hint(self, news: State, path: str) -> str:
        """How to replace a version: uploads cannot change, so a new one needs a new name."""
        del path
        return (
            f"Upload it under a new version name beside {news['name']}; one that is deployed nowhere is replaced with "
            "allowDowntime: true"
        )


def _named(there: list[State], inputs: State) -> State:
    """Of these versions, the one that the inputs name. Raises `NotFound` if there is none."""
    found = versions.named(there, inputs["name"])
    if found is None:
        raise errors.NotFound(f"the model {inputs['model']} has no version with this name")
    return found


def _as_declared(live: State, inputs: State) -> State:
    """A version as the API has it, made comparable with what was sent.

    Only declared aliases are kept: the others are not this resource's. The declared addresses of schema files replace
    those of the API, which returns the addresses of its own copies.
    """
    there = live.get("versionAliases") or []
    aliases = [alias for alias in inputs.get("versionAliases") or [] if alias in there]
    schemata = {"predictSchemata": inputs["predictSchemata"]} if inputs.get("predictSchemata") else {}
    return {**live, "versionAliases": aliases, **schemata}


def _require_ours(there: list[State], inputs: State) -> None:
    """Raises `FailedPrecondition` unless this stack (without an owner: any stack) uploaded one of the versions."""
    mark = str((inputs.get("labels") or {}).get(LABEL, ""))
    if not any(ownership.is_of_stack(each, mark) if mark else versions.name_of(each) for each in there):
        raise errors.FailedPrecondition(
            f"the model {inputs['model']} is there, and no version of it is this stack's: use another name, or say "
            "adopt: true to upload to it"
        )


def _hand_over(call: Call, inputs: State, others: list[State]) -> None:
    """Moves `default` to the newest other version of a stack: the service does not delete the default version.

    Raises:
        FailedPrecondition: no stack uploaded the other versions, so the user has to choose the default.
    """
    ours = [version for version in others if versions.name_of(version)]
    if not ours:
        numbers = ", ".join(str(version["versionId"]) for version in others)
        raise errors.FailedPrecondition(
            f"it has the alias {DEFAULT}, and the model's other versions, {numbers}, are none of a stack's: delete "
            f"them, or give one of them the alias {DEFAULT}"
        )
    versions.merge_aliases(call, inputs, ours[-1], [DEFAULT])


def _settled(call: Call, version: State, request: Callable[[], Any]) -> None:
    """Deletes; retries for a while if the service still sees an undeployed model as deployed.

    Raises:
        FailedPrecondition: it is deployed, or the service still refuses at the end of that time.
    """
    refusal = _refused(call, request)
    if refusal is not None:
        _require_undeployed(call, version)
    for elapsed in call.pauses(_SETTLING):
        if refusal is None:
            return
        call.report(f"trying again, {elapsed:.0f} s: {refusal.message}")
        refusal = _refused(call, request)
    if refusal is not None:
        raise refusal


def _refused(call: Call, request: Callable[[], Any]) -> errors.FailedPrecondition | None:
    """Begins an operation and waits for it. Returns why the call or the operation was refused."""
    try:
        call.operate(request(), repeatable=True)
    except errors.FailedPrecondition as error:
        return error
    except errors.OperationFailed as error:
        if error.code != _FAILED_PRECONDITION:
            raise
        late = errors.FailedPrecondition(str(error))
        late.method = error.method
        return late
    return None


def _require_undeployed(call: Call, version: State) -> None:
    """Raises `FailedPrecondition` if an endpoint has the version. The version's own list may be stale."""
    for each in version.get("deployedModels") or []:
        try:
            with alone(call, each["endpoint"]):  # an earlier run may have begun to undeploy it
                live = call.api.call(call.methods("projects.locations.endpoints").get(name=each["endpoint"]))
        except errors.ApiError:  # deleted, or in another region
            continue
        if each["deployedModelId"] in (deployed.get("id") for deployed in live.get("deployedModels") or []):
            raise errors.FailedPrecondition(
                f"it is deployed as {each['deployedModelId']} on the endpoint {names.last(each['endpoint'])}: undeploy "
                f"that first, or keep this version and declare another. {error_messages.UNTAINT}"
            )


class ModelVersion(Resource, module="vertex", name="ModelVersion"):
    """One upload to the model registry: an artifact and the container that serves it."""

    provider = ModelVersionProvider

    def __init__(
        self, resource_name: str, opts: pulumi.ResourceOptions | None = None, **args: Unpack[ModelVersionArgs]
    ) -> None:
        super().__init__(resource_name, args, opts)
