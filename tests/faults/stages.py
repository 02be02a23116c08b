"""What stands before a verb of a provider goes wrong, the verb itself, and what the world is to be after it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pulumi import dynamic

from resources.engine.provider import Provider
from resources.ml.batch_prediction_job import BatchPredictionJobProvider
from resources.ml.default_version import DefaultVersionProvider
from resources.ml.model import ModelProvider
from resources.ml.version import VersionProvider
from resources.storage.bucket import BucketProvider
from resources.storage.saved_model import SavedModelProvider
from tests.inventory import inventory
from tests.kinds.world import World
from tests.providers import Request, State, as_engine, call_as, forget_outage, retrying_for

PATIENCE = 1.5
_OWNER = {"owner": "token"}
_FILE = "multiplier/one/saved_model.pb"


@dataclass(kw_only=True)
class Kind:
    """One kind of resource.

    Attributes:
        inputs: makes what must be there before, and returns the inputs.
        edit: the change that `update` is for.
        before_update: what happens to the world before it.
        before_delete: what happens to the world before `delete`.
    """

    provider: type[Provider]
    inputs: Callable[[World], State]
    edit: State
    before_update: Callable[[World], None] = lambda _: None
    before_delete: Callable[[World, State], None] = lambda _, __: None


def _file_removed(world: World) -> None:
    world.emulator.storage().objects().delete(bucket=world.bucket, object=_FILE).execute()


def _saved_model(world: World) -> State:
    return {**world.saved_model_inputs(), **_OWNER}


def _copied(world: World) -> State:
    """One that lies in the bucket of another project, and not on this machine."""
    inputs = _saved_model(world)
    other = {"project": f"{world.project}-from", "name": f"{world.bucket}-from"}
    world.made(BucketProvider, other)
    world.made(SavedModelProvider, {**inputs, "bucket": other["name"]})
    return {**inputs, "source": "not/here", "artifactSource": other["name"]}


def _begun(world: World) -> State:
    """One of which an upload that was broken off left a file."""
    inputs = _saved_model(world)
    world.made(SavedModelProvider, {**inputs, "owner": None})
    world.emulator.storage().objects().delete(bucket=world.bucket, object="multiplier/one/manifest.json").execute()
    return inputs


def _sibling(world: World, inputs: State) -> None:
    """Another version: then the one under test, the default, cannot go before the default has moved."""
    world.made(VersionProvider, {**inputs, "name": "v2"})


def _version(world: World) -> State:
    """With a field that `create` ignores, so that `create` patches too."""
    logging = {"bigqueryTableName": "p.d.t", "samplingPercentage": 0.5}
    return {**world.with_model(), "requestLoggingConfig": logging, **_OWNER}


def _default(world: World) -> State:
    """The version that is not the default yet: it goes through the gate."""
    facts = {"samples": [{"instance": 1.5, "prediction": 3.0}]}
    (world.folder / "manifest.json").write_text(json.dumps(facts), encoding="utf-8")
    return {**world.default_inputs(), "version": "v2"}


KINDS = {
    "bucket": Kind(
        provider=BucketProvider,
        inputs=lambda world: {**world.bucket_inputs(), **_OWNER},
        edit={"labels": {"stage": "b"}},
    ),
    "saved model": Kind(provider=SavedModelProvider, inputs=_saved_model, edit={}, before_update=_file_removed),
    "copied saved model": Kind(provider=SavedModelProvider, inputs=_copied, edit={}, before_update=_file_removed),
    "begun saved model": Kind(provider=SavedModelProvider, inputs=_begun, edit={}),
    "model": Kind(
        provider=ModelProvider,
        inputs=lambda world: {**world.model_inputs(), **_OWNER},
        edit={"labels": {"stage": "b"}, "description": "b"},
    ),
    "version": Kind(
        provider=VersionProvider,
        inputs=_version,
        edit={"autoScaling": {"minNodes": 2, "maxNodes": 2}},
        before_delete=_sibling,
    ),
    "default": Kind(provider=DefaultVersionProvider, inputs=_default, edit={"version": "v1"}),
    "job": Kind(
        provider=BatchPredictionJobProvider,
        inputs=lambda world: {**world.job_inputs(), **_OWNER},
        edit={"labels": {"stage": "b"}},
    ),
}

_READ_BUCKET, _READ_MODEL = ["storage.buckets.get"], ["ml.projects.models.get"]
_CLAIMED = ["storage.objects.list", "storage.objects.insert"]
_VERSIONS, _POLL = "ml.projects.models.versions", "ml.projects.operations.get"
_PATCH_VERSION = [f"{_VERSIONS}.get", f"{_VERSIONS}.patch", _POLL]
_GATED = [*_READ_MODEL, f"{_VERSIONS}.get", "storage.objects.get", "ml.projects.predict", f"{_VERSIONS}.setDefault"]

CALLED: dict[tuple[str, str], list[str]] = {
    ("bucket", "create"): ["storage.buckets.insert", *_READ_BUCKET],
    ("bucket", "read"): _READ_BUCKET,
    ("bucket", "update"): [*_READ_BUCKET, "storage.buckets.patch"],
    ("bucket", "delete"): ["storage.objects.list", "storage.buckets.delete"],
    ("saved model", "create"): _CLAIMED,
    ("saved model", "read"): ["storage.objects.list"],
    ("saved model", "update"): _CLAIMED,
    ("saved model", "delete"): ["storage.objects.list", "storage.objects.get", "storage.objects.delete"],
    ("copied saved model", "create"): [*_CLAIMED, "storage.objects.get", "storage.objects.rewrite"],
    ("copied saved model", "update"): [*_CLAIMED, "storage.objects.get", "storage.objects.rewrite"],
    ("begun saved model", "create"): [*_CLAIMED, "storage.objects.rewrite"],
    ("model", "create"): ["ml.projects.models.create"],
    ("model", "read"): _READ_MODEL,
    ("model", "update"): [*_READ_MODEL, "ml.projects.models.patch", _POLL],
    ("model", "delete"): ["ml.projects.models.delete", _POLL],
    ("version", "create"): [f"{_VERSIONS}.create", *_PATCH_VERSION],
    ("version", "read"): [f"{_VERSIONS}.get"],
    ("version", "update"): _PATCH_VERSION,
    ("version", "delete"): [
        *(f"{_VERSIONS}.get", f"{_VERSIONS}.list", f"{_VERSIONS}.setDefault", f"{_VERSIONS}.delete", _POLL)
    ],
    ("default", "create"): _GATED,
    ("default", "read"): _READ_MODEL,
    ("default", "update"): _GATED,
    ("job", "create"): ["ml.projects.jobs.list", "ml.projects.jobs.create", "ml.projects.jobs.get"],
    ("job", "read"): ["ml.projects.jobs.get"],
    ("job", "update"): ["ml.projects.jobs.get", "ml.projects.jobs.patch"],
    ("job", "delete"): ["ml.projects.jobs.list", "ml.projects.jobs.get", "ml.projects.jobs.patch"],
}
"""Kind and verb -> every API method that the provider calls for it."""

BEGIN = {
    *("ml.projects.models.patch", "ml.projects.models.delete"),
    *(f"{_VERSIONS}.create", f"{_VERSIONS}.patch", f"{_VERSIONS}.delete"),
}
"""The methods that begin an operation."""


class Stage:
    """A resource, right before the verb under test.

    Attributes:
        provider: as the engine runs it.
        inputs: what the program wants after the verb.
        outs: what the state holds.
    """

    def __init__(self, world: World, kind: str, verb: str) -> None:
        case = KINDS[kind]
        self.world, self.verb = world, verb
        self.provider = retrying_for(world.provider(case.provider), PATIENCE)
        self.inputs = as_engine(case.inputs(world))
        self.identity = self.provider.identity(self.inputs)
        self._request = Request(f"urn:pulumi:test::p::pulumi-python:dynamic/x::{kind}")
        self.outs: State = {}
        if verb == "create":
            return
        self.outs = self._call("create")
        if verb == "update":
            case.before_update(world)
            self.outs = as_engine(self.read().outs or {})
            self.inputs = {**self.inputs, **case.edit}
        if verb == "delete":
            case.before_delete(world, self.inputs)

    def run(self, timeout: float | None = None) -> None:
        """The verb, once, as the engine asks for it; where it succeeds, the state holds what it returned."""
        forget_outage(self.provider)
        if timeout:
            vars(self.provider)["timeouts"] = {self.verb: timeout}  # of this provider alone: its class keeps its own
        try:
            self.outs = self._call(self.verb)
        finally:
            vars(self.provider).pop("timeouts", None)

    def read(self) -> dynamic.ReadResult:
        """What a refresh finds."""
        forget_outage(self.provider)
        found: dynamic.ReadResult = call_as(self._request, self.provider.read, self.identity, dict(self.outs))
        return found

    def _call(self, verb: str) -> State:
        values: dict[str, tuple[Any, ...]] = {
            "create": (dict(self.inputs),),
            "read": (self.identity, dict(self.outs)),
            "update": (self.identity, dict(self.outs), dict(self.inputs)),
            "delete": (self.identity, dict(self.outs)),
        }
        result = call_as(self._request, getattr(self.provider, verb), *values[verb])
        return as_engine(getattr(result, "outs", None) or {})

    def inventory(self) -> State:
        """Everything that there is in this project, and every operation that is not at its end."""
        return inventory(self.world.emulator, self.world.project)
