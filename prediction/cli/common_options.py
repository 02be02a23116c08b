"""What the commands share: options, exit codes, error messages."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from command_line import FAILED, INTERRUPTED, USAGE
from gcp import errors

if TYPE_CHECKING:
    from prediction.targets.target import Target

REJECTED = 3
"""The exit code of a batch job that is done, but rejected rows."""


def run(command: Callable[[], int]) -> int:
    """Runs a command; returns its exit code. Errors are printed to standard error."""
    try:
        return command()
    except errors.Error as error:
        return print_error(error)
    except BrokenPipeError:  # the output pipe is closed, which is not an error of a file
        raise
    except OSError as error:
        print(f"error: {error.filename or 'a file'}: {error.strerror}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED


def print_error(error: errors.Error) -> int:
    """Prints what failed and what to do to standard error; returns the exit code."""
    from prediction.cli import error_hints

    for line in error_hints.format_error(error).splitlines():
        print(f"error: {line}", file=sys.stderr)
    return USAGE if isinstance(error, errors.InvalidInput) else FAILED


def command_parser(command: str, description: str, examples: str) -> argparse.ArgumentParser:
    """The parser of a command, with the options for model, version and signature."""
    parser = argparse.ArgumentParser(
        prog=command,
        description=description,
        epilog=examples,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("model", metavar="MODEL", help="name of the model")
    parser.add_argument("--version", metavar="V", help="name of the version (default: the model's default version)")
    parser.add_argument(
        "--signature", metavar="S", help="key of the signature (default: the only one, else serving_default)"
    )
    return parser


def add_local_option(parser: argparse.ArgumentParser) -> None:
    """Adds --local."""
    parser.add_argument(
        "--local", action="store_true", help="predict on this machine, without an endpoint; MODEL may be a folder"
    )


def add_target_options(parser: argparse.ArgumentParser) -> None:
    """Adds the options that say where to predict; see `settings.target`."""
    group = parser.add_argument_group("where to predict")
    group.add_argument("--stack", help="take project, region and endpoint from Pulumi.STACK.yaml in this folder")
    group.add_argument("--project", metavar="P", help="read no stack file; the endpoint is --endpoint or Google's")
    group.add_argument("--endpoint", metavar="URL", help="global, regional or a URL; overrides TF2_MODELS_ENDPOINT")
    group.add_argument("--region", metavar="R", help="of Google's regional endpoint; always needed on Vertex AI")
    group.add_argument("--platform", choices=("ml", "vertex"), help="overrides the stack's (default: ml)")


def parse(parser: argparse.ArgumentParser, arguments: Sequence[str]) -> argparse.Namespace:
    """Parses the arguments. Exits with a usage error if --stack and --project are combined."""
    options = parser.parse_args(arguments)
    if options.stack and options.project:
        parser.error("--stack takes the project from its file: leave out --project")
    return options


def reject_with_local(parser: argparse.ArgumentParser, options: argparse.Namespace, names: Sequence[str]) -> None:
    """Exits with a usage error if --local is combined with one of these options, which choose an endpoint."""
    given = [f"--{name.replace('_', '-')}" for name in names if getattr(options, name)]
    if options.local and given:
        parser.error(f"--local uses no endpoint: leave out {' and '.join(given)}")


def target_of(options: argparse.Namespace) -> Target:
    """The target that the options choose. Raises `InvalidInput`."""
    from prediction import settings

    return settings.target(
        stack=options.stack,
        project=options.project,
        endpoint=options.endpoint,
        region=options.region,
        platform=options.platform,
    )
