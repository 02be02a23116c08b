"""The stack that a command works on: one answer to which backend and which stack, for every command of the engine."""

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
"""Options that name a stack or a project where nobody but the engine sees it (`-ys prod`)."""

_OWN_SWITCHES = (
    *("--attach-debugger", "--continue-on-error", "--exclude-dependents", "--exclude-protected"),
    *("--expect-no-changes", "--ignore-protect", "--preview-only", "--remove", "--run-program", "--show-config"),
    *("--show-full-output", "--show-policy-remediations", "--show-reads", "--show-secrets", "--strict"),
    *("--target-dependents",),
)
_OWN_VALUES = ("--policy-pack", "--policy-pack-config", "--replace", "--secrets-provider", "--target-replace")
"""Options that say what one command is to do: another verb does not know them, or would do less than it must."""


class UnknownStackError(Exception):
    """No stack is selected, or nobody can say which; the text says what to do."""


@dataclass(frozen=True)
class Stack:
    """A stack of this checkout's project.

    Attributes:
        name: as `--stack` takes it, given to every command.
        options: of the user, for the command that was asked for.
        shared: those of them that the commands before and after it take too.
        state: where it lies; None where that is no folder of this machine.
    """

    name: str
    options: tuple[str, ...]
    shared: tuple[str, ...]
    state: State | None

    @classmethod
    def select(cls, arguments: Sequence[str]) -> Stack:
        """The one that `--stack` or `-s` names, or PULUMI_STACK; else the selected one, for which the engine is asked.

        A name that is given needs no engine, which reads the state to say it, and fails where a kill cut that.

        Raises:
            UnknownStackError: there is none, or the arguments name it where it cannot be read.
        """
        given, options = _parser().parse_known_args(arguments)
        for option in options:
            if _HIDDEN.fullmatch(option):
                raise UnknownStackError(f"{option} may name another stack: write --stack NAME on its own, and no --cwd")
        name = given.stack or os.environ.get("PULUMI_STACK") or _selected()
        backend = os.environ.get("PULUMI_BACKEND_URL") or json.loads(_asked("whoami", "--verbose", "--json"))["url"]
        _, shared = _own_parser().parse_known_args(options)
        return cls(name, tuple(options), tuple(shared), State.of(backend, name))

    def update(self, verb: str) -> int:
        """Runs `up` or `destroy` as the user asked for it; returns the exit code."""
        return self.run(verb, *self.options)

    def prepare(self, verb: str, *options: str) -> int:
        """Runs `up` or `refresh` before or after that, with these options; returns the exit code."""
        return self.run(verb, *self.shared, *options)

    def run(self, verb: str, *options: str) -> int:
        """Runs a command, which a terminal's Ctrl-C and a CI system's SIGTERM reach by themselves, to its end."""
        command = ["pulumi", verb, "--stack", self.name, *options]
        with subprocess.Popen(command, cwd=ROOT, env=self.environment()) as process:
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, lambda *_: None)
            return process.wait()

    def environment(self) -> dict[str, str] | None:
        """What the engine runs in: for the local stack, without questions; None for this process's own.

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
        """The last snapshot: from its file, where the state is a folder of this machine; else from the engine.

        Raises:
            local_state.UnreadableError: the file is no snapshot.
            UnknownStackError: the engine does not give it.
        """
        if self.state is not None:
            return self.state.deployment()
        found: dict[str, Any] = json.loads(_asked("stack", "export", "--stack", self.name)).get("deployment") or {}
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
        return _asked("stack", "--show-name", "--fully-qualify-stack-names", "--non-interactive").strip()
    except UnknownStackError as error:
        raise UnknownStackError(f"{error}; name the stack (--stack NAME, or PULUMI_STACK)") from None


def _asked(*command: str) -> str:
    """What a command of the engine prints."""
    try:
        return subprocess.run(["pulumi", *command], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
    except subprocess.CalledProcessError:
        raise UnknownStackError(f"`pulumi {' '.join(command)}` failed: the reason stands above") from None
