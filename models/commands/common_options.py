"""What the commands share: options, exit codes, the form of their help."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from models.core.errors import UsageError

LOCAL = "local"
"""The default stack."""
EXIT_CODES = """\
exit codes:
  0  done
  1  failed; one line on standard error says what to do
  2  wrong usage: an unknown recipe, parameter or option
"""
Run = Callable[[argparse.Namespace, Path], int]
"""Runs a command in the project's folder; returns its exit code. Raises `ModelsError`."""


def add_command(
    commands: Any, name: str, run: Run, *, summary: str, description: str, examples: str = ""
) -> argparse.ArgumentParser:
    """Adds a command to those of `python -m models`; `options.run` is then `run`."""
    parser: argparse.ArgumentParser = commands.add_parser(
        name,
        help=summary,
        description=description,
        epilog=examples + EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=run)
    return parser


def add_parameters(parser: argparse.ArgumentParser) -> None:
    """Adds --set; see `parameters_of`."""
    parser.add_argument(
        "--set",
        dest="settings",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="a parameter of the recipes named; may be repeated",
    )


def parameters_of(options: argparse.Namespace) -> dict[str, str]:
    """The recipe parameters in --set, as text. Raises `UsageError`, also if --stack is combined with NAME or --set."""
    if options.stack and (options.names or options.settings):
        raise UsageError("--stack takes recipes and parameters from the stack file: leave out NAME and --set")
    return dict(_pair(setting) for setting in options.settings)


def _pair(setting: str) -> tuple[str, str]:
    key, equals, value = setting.partition("=")
    if not key or not equals:
        raise UsageError(f"--set {setting}: must be KEY=VALUE")
    return key, value
