"""The steps of a set-up, as the machine of these tests notes them."""

from __future__ import annotations

from tests.setup.checkout import Checkout
from tests.setup.states import StateFolder


def steps(machine: Checkout) -> list[str]:
    """The steps recorded since the last call, without the engine's version checks."""
    path = machine.root.parent / "steps"
    lines = path.read_text().splitlines() if path.exists() else []
    path.unlink(missing_ok=True)
    return [line for line in lines if line != "pulumi version"]


def set_up(machine: Checkout) -> list[str]:
    """Runs a set-up that must succeed; returns its steps."""
    result = machine.run("tools/setup.sh")
    assert result.returncode == 0, result.stderr
    return steps(machine)


def make_stack(machine: Checkout, suffix: str = "") -> None:
    """Write the state file of a new local stack."""
    StateFolder.local(machine).write(None, suffix=suffix)
