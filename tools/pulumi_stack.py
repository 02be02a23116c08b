"""The stack that `tools.recovery` works on, with the same backend and name for every command of the engine."""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from gcp import errors
from tools import local_pulumi
from tools.local_state import ROOT, State

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


class UnknownStackError(Exception):
    """The stack is unknown, or cannot be used; the text says what to do."""


@dataclass(frozen=True)
class Stack:
    """A stack of this checkout's project.

    Attributes:
        name: the value of `--stack` for every command.
        options: the user's options, for the requested command.
        shared: those options that the commands before and after it take too.
        state: its state files; None if they are not on this machine.
    """

    name: str
    options: tuple[str, ...]
    shared: tuple[str, ...]
    state: State | None

    @classmethod
    def select(cls, arguments: Sequence[str]) -> Stack:
        """The stack of `--stack`, `-s` or PULUMI_STACK; otherwise the selected one, which the engine reports.

        A given name needs no engine, which reads the state for that and fails if a kill truncated it.

        Raises:
            UnknownStackError: no stack is selected, or an option may name one that only the engine recognizes.
        """
        given, options = _parser().parse_known_args(arguments)
        for option in options:
            if _HIDDEN.fullmatch(option):
                raise UnknownStackError(f"{option} may name another stack: write --stack NAME on its own, and no --cwd")
        name = given.stack or os.environ.get("PULUMI_STACK") or _selected()
        backend = (
            os.environ.get("PULUMI_BACKEND_URL") or json.loads(_engine_output("whoami", "--verbose", "--json"))["url"]
        )
        _, shared = _own_parser().parse_known_args(options)
        return cls(name, tuple(options), tuple(shared), State.of(backend, name))

    def update(self, verb: str) -> int:
        """Runs the requested `up` or `destroy`; returns the exit code."""
        return self.run(verb, *self.options)

    def prepare(self, verb: str, *options: str) -> int:
        """Runs an additional `up` or `refresh` with these options; returns the exit code."""
        return self.run(verb, *self.shared, *options)

    def run(self, verb: str, *options: str) -> int:
        """Runs a command to its end; Ctrl-C and SIGTERM to the process group reach it directly."""
        command = ["pulumi", verb, "--stack", self.name, *options]
        with subprocess.Popen(command, cwd=ROOT, env=self.environment()) as process:
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, lambda *_: None)
            return process.wait()

    def environment(self) -> dict[str, str] | None:
        """The engine's environment for the local stack, without confirmations; None for other stacks: this process's.

        Raises:
            UnknownStackError: the local stack's endpoint is not on this machine.
        """
        if self.state is None or not self.state.is_same(State.local()):
            return None
        try:
            return local_pulumi.environment()
        except errors.InvalidInput as error:
            raise UnknownStackError(str(error)) from None

    def deployment(self) -> dict[str, Any]:
        """The last snapshot, from its file if the state is on this machine, otherwise from the engine.

        Raises:
            local_state.UnreadableError: the file is not a snapshot.
            UnknownStackError: the engine cannot export it.
        """
        if self.state is not None:
            return self.state.deployment()
        found: dict[str, Any] = (
            json.loads(_engine_output("stack", "export", "--stack", self.name)).get("deployment") or {}
        )
        return found


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UnknownStackError(message)


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
        return _engine_output("stack", "--show-name", "--fully-qualify-stack-names", "--non-interactive").strip()
    except UnknownStackError as error:
        raise UnknownStackError(f"{error}; name the stack (--stack NAME, or PULUMI_STACK)") from None


def _engine_output(*command: str) -> str:
    """The output of a command of the engine. Raises `UnknownStackError` if it fails."""
    try:
        return subprocess.run(["pulumi", *command], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
    except subprocess.CalledProcessError:
        raise UnknownStackError(f"`pulumi {' '.join(command)}` failed: see above") from None
