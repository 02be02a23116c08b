"""The state that the engine stores although a call failed."""

from __future__ import annotations

from pulumi.runtime import rpc

from resources.engine import engine_process
from tests.providers import Context


def _handler(context: Context, outputs: dict[str, object], secret: list[str]) -> None:
    """A handler of the engine's call, in whose frame the context is found."""
    engine_process.fail_partially("id", outputs, secret, "why")


def test_the_values_that_were_secret_stay_secret() -> None:
    """The engine marks those of the new inputs itself; the old ones are marked here."""
    context = Context()

    _handler(context, {"description": "hidden", "labels": {"team": "a"}, "name": "n"}, ["description", "gone"])

    recorded = context.recorded or {}
    assert rpc.is_rpc_secret(recorded["description"])
    assert rpc.unwrap_rpc_secret(recorded["description"]) == "hidden"
    assert (recorded["labels"], recorded["name"]) == ({"team": "a"}, "n")


def test_nothing_is_recorded_outside_of_a_call_of_the_engine() -> None:
    """Without a context there is nobody to hear it, and no error."""
    engine_process.fail_partially("id", {}, [], "why")
