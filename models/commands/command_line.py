"""The command line: `python -m models build`, `import`, `push`, `list` and `where`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from command_line import FAILED, INTERRUPTED, USAGE
from models.commands.build_command import BUILD_EXAMPLES, add_build
from models.commands.common_options import EXIT_CODES
from models.commands.import_command import add_import
from models.commands.list_command import add_list
from models.commands.push_options import add_push
from models.commands.where_command import add_where
from models.core.errors import ModelsError, UsageError
from models.core.paths import ROOT, plain


def main(arguments: Sequence[str] | None = None, *, root: Path = ROOT) -> int:
    """Runs a command; returns its exit code."""
    options = _parser().parse_args(arguments)
    try:
        code: int = options.run(options, root)
    except ModelsError as error:
        sys.stderr.write(f"models: {plain(str(error), root)}\n")
        return USAGE if isinstance(error, UsageError) else FAILED
    except KeyboardInterrupt:
        sys.stderr.write("models: interrupted; no incomplete files are left\n")
        return INTERRUPTED
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m models",
        description="Builds the SavedModels that the stacks deploy.",
        epilog=BUILD_EXAMPLES + EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for add in (add_build, add_import, add_push, add_list, add_where):
        add(commands)
    return parser
