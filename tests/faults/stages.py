"""What stands before a verb of a provider goes wrong, the verb itself, and what the world is to be after it."""

from __future__ import annotations

from typing import Any

from pulumi import dynamic
from pulumi.runtime import rpc

from gcp import errors
from tests.inventory import inventory
from tests.kinds.table import KINDS
from tests.kinds.world import World
from tests.providers import Context, Request, State, as_engine, call_as, forget_outage, retrying_for

PATIENCE = 1.5

CASES = {
    f"{special} {kind.name}".strip(): (kind, case) for kind in KINDS.values() for special, case in kind.faults.items()
}
"""Name, `begun storage.SavedModel` -> kind, and how it is tried."""
CALLED = {(name, verb): methods for name, (_, case) in CASES.items() for verb, methods in case.calls.items()}
"""Case and verb -> every API method that the provider calls for it."""

BEGIN = {method for kind in KINDS.values() for method in kind.operations}
"""The methods that begin an operation."""


class Stage:
    """A resource, right before the verb under test.

    Attributes:
        provider: as the engine runs it.
        inputs: what the program wants after the verb.
        outs: what the state holds; empty if it does not hold the resource.
    """

    def __init__(self, world: World, name: str, verb: str) -> None:
        kind, case = CASES[name]
        self.world, self.verb = world, verb
        self.provider = retrying_for(world.provider(kind.provider), PATIENCE)
        owner = {"owner": "token"} if "owner" in self.provider.schema.types else {}
        inputs = case.arrange(world, kind.declare(world, {**case.inputs, **owner}))
        self.inputs = as_engine(inputs)
        self._before: State = {}
        self.identity = self.provider.identity(self.inputs)
        self._request = Request(f"urn:pulumi:test::p::pulumi-python:dynamic/x::{name}")
        self.outs: State = {}
        if verb == "create":
            return
        self.outs = self._call("create")
        if verb in case.before:
            case.before[verb](world, inputs)
        if verb == "update":
            self.outs = as_engine(self.read().outs or {})
            self._before = dict(self.inputs)
            self.inputs |= kind.patches[0][0] if case.change is None else case.change

    def run(self, timeout: float | None = None) -> None:
        """The verb, once, as the engine asks for it; the state then holds what it returned, or recorded as it failed.

        A creation that failed and is in the state is an update from then on.
        """
        forget_outage(self.provider)
        if timeout:
            vars(self.provider)["timeouts"] = {self.verb: timeout}  # of this provider alone: its class keeps its own
        verb = "update" if self.verb == "create" and self.outs else self.verb
        try:
            self.outs = self._call(verb)
        finally:
            vars(self.provider).pop("timeouts", None)

    def take_back(self) -> None:
        """What the engine asks for once the stack file is as it was before the verb."""
        forget_outage(self.provider)
        self.inputs = self._before
        if self.outs:
            self.outs = self._call("update" if self.verb == "update" else "delete")

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
        context = Context()
        try:
            result = call_as(self._request, getattr(self.provider, verb), *values[verb], context=context)
        except errors.Error:
            recorded = {name: rpc.unwrap_rpc_secret(item) for name, item in (context.recorded or {}).items()}
            self.outs = as_engine(recorded or self.outs)
            raise
        return as_engine(getattr(result, "outs", None) or {})

    def inventory(self) -> State:
        """Everything that there is in this project, and every operation that is not at its end."""
        return inventory(self.world.emulator, self.world.project)
