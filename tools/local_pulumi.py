"""Runs the pulumi command on a local stack, without confirmations, and refuses any other stack in the local state.

Usage: python -m tools.local_pulumi [ARGUMENT...]
       python -m tools.local_pulumi --check

The shell function `pulumi` of local.env and `make` run it. On the local state
(.local/state of this checkout) it sets these variables, if they are not set:

    PULUMI_STACK                 local, whichever stack is selected
    TF2_MODELS_ENDPOINT          the local stack's endpoint, so that nothing can point it elsewhere
    PULUMI_CONFIG_PASSPHRASE     empty: the local stack holds no secrets
    PULUMI_SKIP_CONFIRMATIONS    true: no confirmation before an update

On another backend it is plain pulumi. `--check` runs nothing: it prints why the local stack cannot be used.
Exit codes: that of pulumi; 1 refused; with --check: 0 usable, 3 not usable.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from gcp import errors
from resources.config import local_endpoint, state_backend

ROOT = Path(__file__).resolve().parent.parent
STATE = ROOT / state_backend.LOCAL_STATE / ".pulumi" / "stacks"
"""The folder with a folder of snapshots for each project."""
_NAMING = ("init", "select", "rename", "rm")
"""Subcommands of `pulumi stack` that take a stack's name."""
_VALUED = (
    *("--color", "--copy-config-from", "--exec-kind", "--memprofilerate", "--otel-traces", "--profiling"),
    *("--secrets-provider", "--teams", "--tracing", "--verbose", "-v"),
)
"""Options around `stack init` that take a value; the value of any other option counts as a stack's name."""
_KINDS = {"--stack": "stack", "--source": "stack", "--dest": "stack", "--cwd": "folder", "s": "stack", "C": "folder"}
"""Long options and letters of short ones whose value is a stack or a folder."""
_NAME_IT = f"name the stack {local_endpoint.STACK}, or use a shell that has not sourced local.env"
_MESSAGE = "m"
"""The letter of a short option that always takes a value, as in `-mfixes`, so that no options follow."""


def environment() -> dict[str, str]:
    """The environment for pulumi on the local stack. Raises `InvalidInput` if its endpoint is not on this machine."""
    return {**_without_confirmations(), local_endpoint.ENDPOINT_VARIABLE: local_endpoint.endpoint(ROOT)}


def _without_confirmations() -> dict[str, str]:
    found = dict(os.environ)
    found["PULUMI_STACK"] = found.get("PULUMI_STACK") or local_endpoint.STACK
    if not found.get("PULUMI_CONFIG_PASSPHRASE_FILE"):
        found.setdefault("PULUMI_CONFIG_PASSPHRASE", "")
    found.setdefault("PULUMI_SKIP_CONFIRMATIONS", "true")
    return found


def project() -> str:
    """The name of this checkout's project. Raises `Error`."""
    file = ROOT / "Pulumi.yaml"
    found = re.search(r"^name: (\S+)$", file.read_text(encoding="utf-8"), re.MULTILINE)
    if not found:
        raise errors.Error(f"{file} names no project")
    return found[1]


def is_local_backend() -> bool:
    """Whether the engine, run in the current folder, uses this checkout's local state."""
    return state_backend.is_local(state_backend.current(ROOT), ROOT, Path.cwd())


def refusal(arguments: Sequence[str]) -> str:
    """Why a command must not run on the local state; empty if it is for a local stack of this project."""
    for variable in ("PULUMI_STACK", "PULUMI_OPTION_STACK"):
        name = os.environ.get(variable)
        if name and not is_local(name):
            return f'{variable} is "{name}", which is another stack: unset it. {_elsewhere(name)}'
    folder = Path(os.environ.get("PULUMI_OPTION_CWD") or ".")
    words: list[str] = []
    for kind, value in _parsed(arguments):
        if kind == "stack" and not value:
            return f"the stack's name is missing: {_NAME_IT}"
        if kind == "stack" and not is_local(value):
            return f'"{value}" is another stack. {_elsewhere(value)}'
        if kind == "folder":
            folder = Path(value)
        if kind == "word":
            words.append(value)
    return _project_refusal(folder) or _words_refusal(words)


def _words_refusal(words: Sequence[str]) -> str:
    if words[:1] == ["new"]:
        return "`pulumi new` makes another project: use a shell that has not sourced local.env"
    names: Sequence[str] | None = None
    if "stack" in words:
        after = words[words.index("stack") + 1 :]
        verb = next((index for index, word in enumerate(after) if word in _NAMING), None)
        names = None if verb is None else after[verb + 1 :]
        if verb is not None and after[verb] in ("init", "select") and not names:
            return _NAME_IT
    elif words[:1] == ["cancel"]:
        names = words[1:]
    other = next((name for name in names or () if not is_local(name)), None)
    return f'"{other}" is another stack. {_elsewhere(other)}' if other else ""


def _project_refusal(folder: Path) -> str:
    """Why the project that the engine finds in a folder or above it is refused; empty if it is this one or none."""
    here = folder.resolve()
    for place in (here, *here.parents):
        if (place / "Pulumi.yaml").exists():
            other = "another project: use a shell that has not sourced local.env"
            return "" if place == ROOT else f"{place.name} is {other}"
    return ""


def _elsewhere(name: str) -> str:
    """What to do with another stack: use another backend, or move it if it is in the local state."""
    plain = name.rpartition("/")[2]
    if any((STATE / project() / f"{plain}{end}").exists() for end in (".json", ".json.gz")):
        where = f"It is in {state_backend.LOCAL_STATE}, which is for the stacks {local_endpoint.NAMES} only."
        return f"{where}\n{state_backend.way_out(plain, ROOT)}"
    return "To work on it, use a shell that has not sourced local.env, and `pulumi login` to a backend of your own"


def is_local(name: str) -> bool:
    """Whether this is a name of a local stack."""
    *place, stack = name.split("/")
    return stack in local_endpoint.STACKS and place in ([], ["organization"], ["organization", project()])


def _parsed(arguments: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The relevant parts of a command line: (`stack`, NAME), (`folder`, PATH) and (`word`, WORD)."""
    left = list(arguments)
    while left:
        word = left.pop(0)
        if word == "--":
            yield from (("word", rest) for rest in left)
            return
        name, equals, value = word.partition("=")
        if name.startswith("--") and name in _KINDS:
            yield _KINDS[name], value if equals else _next(left)
        elif word in _VALUED:
            _next(left)
        elif word.startswith("-") and not word.startswith("--"):
            yield from _group(word[1:], left)
        elif not word.startswith("-"):
            yield "word", word


def _group(letters: str, left: list[str]) -> Iterator[tuple[str, str]]:
    """Short options in one word, such as `-ys prod`: the first that takes a value takes the rest or the next word."""
    for index, letter in enumerate(letters):
        if letter in _KINDS:
            yield _KINDS[letter], letters[index + 1 :].removeprefix("=") or _next(left)
        if letter in _KINDS or letter == _MESSAGE:
            return


def _next(left: list[str]) -> str:
    return left.pop(0) if left else ""


def _check() -> int:
    try:
        environment()
    except errors.InvalidInput as error:
        print(error)
        return 3
    return 0


def main(arguments: Sequence[str]) -> int:
    """Replaces this process with pulumi; returns only if the command is refused or pulumi is not found."""
    if list(arguments) == ["--check"]:
        return _check()
    try:
        variables = _variables(arguments)
        os.execvpe("pulumi", ["pulumi", *arguments], variables)  # noqa: S606 - the user's arguments, without a shell
    except FileNotFoundError:
        print("error: pulumi is not on PATH: run `make setup`", file=sys.stderr)
    except errors.Error as error:
        print(f"error: {error}", file=sys.stderr)
    return 1


def _variables(arguments: Sequence[str]) -> dict[str, str]:
    """The environment for a command. Raises `Error` if it must not run."""
    if not is_local_backend():
        return dict(os.environ)
    reason = refusal(arguments)
    if reason:
        raise errors.Error(reason)
    # A wrong endpoint in the stack file must not block `pulumi config set`.
    return _without_confirmations() if arguments[:1] == ["config"] else environment()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
