"""The stack that `tools.recovery` works on, with the same backend and name for every command of the engine."""

from __future__ import annotations

import argparse
import json
import os
import re
import shlex
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from gcp import errors
from resources.config import state_backend
from tools import local_pulumi, state_files
from tools.local_pulumi import ROOT

_HIDDEN = re.compile(r"-[A-Za-z]+[sC].*|-C.*|--cwd(=.*)?")
"""Options in which only the engine recognizes a stack or a project (`-ys prod`)."""

_OWN_SWITCHES = (
    *("--attach-debugger", "--continue-on-error", "--exclude-dependents", "--exclude-protected"),
    *("--expect-no-changes", "--ignore-protect", "--preview-only", "--remove", "--run-program", "--show-config"),
    *("--show-full-output", "--show-policy-remediations", "--show-reads", "--show-secrets", "--strict"),
    *("--target-dependents",),
)
_OWN_VALUES = ("--policy-pack", "--policy-pack-config", "--replace", "--secrets-provider", "--target-replace")
"""Options for one command only: other commands do not have them, or would do too little with them."""

_PARTIAL = ("--target", "-t", "--exclude", "-x", "--exclude-protected", "--preview-only")
"""Options after which a successful `destroy` leaves resources."""
_UNDECLARED = ("delete", "read")
"""Operations in a preview on what the program does not declare."""
_NO_PREVIEW = ("--yes", "-y", "--skip-preview", "-f")
"""Options of `up` and `refresh` that `preview` does not have."""


@dataclass(frozen=True)
class Stack:
    """A stack of this checkout's project.

    Attributes:
        name: the value of `--stack` for every command.
        options: the user's options, for the requested command.
        shared: those options that the commands before and after it take too.
        snapshot: the path of its state; None if that is not on this machine.
        environment: the engine's; for the local stack, without confirmations.
    """

    name: str
    options: tuple[str, ...]
    shared: tuple[str, ...]
    snapshot: Path | None
    environment: Mapping[str, str]

    @classmethod
    def select(cls, arguments: Sequence[str]) -> Stack:
        """The stack of `--stack`, `-s` or PULUMI_STACK; otherwise the selected one, which the engine reports.

        A given name needs no engine, which reads the state for that and fails if a kill truncated it.

        Raises:
            Error: no stack is selected, an option may name one that only the engine recognizes, or the local stack's
                endpoint is not on this machine.
        """
        given, options = _parser().parse_known_args(arguments)
        for option in options:
            if _HIDDEN.fullmatch(option):
                raise errors.Error(f"{option} may name another stack: write --stack NAME on its own, and no --cwd")
        name = given.stack or os.environ.get("PULUMI_STACK") or _selected()
        backend = os.environ.get("PULUMI_BACKEND_URL") or json.loads(output("whoami", "--verbose", "--json"))["url"]
        _, shared = _own_parser().parse_known_args(options)
        is_local = local_pulumi.is_local(name) and state_backend.is_local(backend, ROOT, ROOT)
        environment = local_pulumi.environment() if is_local else dict(os.environ)
        return cls(name, tuple(options), tuple(shared), state_files.snapshot(backend, name), environment)

    @property
    def is_partial(self) -> bool:
        """Whether the user's options restrict the command to some resources, or to a preview."""
        return any(option.partition("=")[0] in _PARTIAL for option in self.options)

    def run(self, verb: str, *options: str) -> int:
        """Runs a command to its end; Ctrl-C and SIGTERM to the process group reach it directly."""
        command = ["pulumi", verb, "--stack", self.name, *options]
        with subprocess.Popen(command, cwd=ROOT, env=self.environment) as process:
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, lambda *_: None)
            return process.wait()

    def deployment(self) -> dict[str, Any]:
        """The last snapshot. Raises `Error` if the engine cannot read it."""
        try:
            return deployment(self.name, self.environment)
        except errors.Error as error:
            place = f" (the state is in {self.snapshot}, and one before it in .bak beside it)"
            raise errors.Error(f"{error}{place if self.snapshot else ''}") from None

    def declared(self) -> set[str]:
        """The URNs of the resources that the program declares. Raises `Error` if the preview fails."""
        options = [option for option in self.shared if option not in _NO_PREVIEW]
        shown = output("preview", "--stack", self.name, "--json", *options, environment=self.environment)
        steps = json.loads(shown)["steps"]
        return {step["urn"] for step in steps if step["op"] not in _UNDECLARED}

    def replace(self, deployment: Mapping[str, Any]) -> None:
        """Makes this the last snapshot. Raises `Error` if the engine does not take it."""
        whole = json.loads(output("stack", "export", "--stack", self.name, environment=self.environment))
        content = json.dumps({**whole, "deployment": deployment})
        output("stack", "import", "--stack", self.name, environment=self.environment, content=content)


def deployment(stack: str, environment: Mapping[str, str]) -> dict[str, Any]:
    """The last snapshot of a stack; empty if it was never deployed. Raises `Error` if the engine cannot read it."""
    found: dict[str, Any] = json.loads(output("stack", "export", "--stack", stack, environment=environment))
    return found["deployment"] or {}


def pending(deployment: Mapping[str, Any], *kinds: str) -> list[str]:
    """The URNs of the resources with an operation that an interrupted update did not finish.

    Args:
        deployment: a snapshot.
        kinds: the engine's names of operations: `creating`, `updating`, `deleting`.
    """
    operations = deployment.get("pending_operations") or []
    return [operation["resource"]["urn"] for operation in operations if operation["type"] in kinds]


def resources(deployment: Mapping[str, Any]) -> list[str]:
    """The URNs of the resources in a snapshot."""
    return [resource["urn"] for resource in deployment.get("resources") or []]


def output(*command: str, environment: Mapping[str, str] | None = None, content: str = "") -> str:
    """The output of a command of the engine, which gets this input. Raises `Error` if it fails."""
    command = ("pulumi", *command, "--non-interactive", "--color=never")
    try:
        done = subprocess.run(
            command, cwd=ROOT, env=environment, input=content, capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        raise errors.Error("pulumi is not on PATH: run `make setup`") from None
    if done.returncode:
        raise errors.Error(f"`{shlex.join(command[:3])}` failed: {done.stderr.strip().removeprefix('error: ')}")
    return done.stdout


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise errors.Error(message)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(add_help=False, allow_abbrev=False)
    parser.add_argument("--stack", "-s")
    return parser


def _own_parser() -> argparse.ArgumentParser:
    parser = _Parser(add_help=False, allow_abbrev=False)
    for switch in _OWN_SWITCHES:
        parser.add_argument(switch, nargs="?")  # `--strict=false`
    parser.add_argument("--refresh", "-r", nargs="?")
    parser.add_argument("--target", "-t")
    parser.add_argument("--exclude", "-x")
    for name in _OWN_VALUES:
        parser.add_argument(name)
    return parser


def _selected() -> str:
    try:
        return output("stack", "--show-name", "--fully-qualify-stack-names").strip()
    except errors.Error as error:
        raise errors.Error(f"{error}; name the stack (--stack NAME, or PULUMI_STACK)") from None
