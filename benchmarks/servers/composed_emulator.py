"""The emulator with or without Vertex AI: `python -m benchmarks.servers.composed_emulator serve [--ml-alone]`.

Both serve as `python -m emulator serve` with the same options. `--ml-alone` leaves out Vertex AI's modules, documents
and tables, and nothing else.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from emulator.settings import Settings, add_options


def main(arguments: Sequence[str]) -> None:
    """Serves until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.servers.composed_emulator")
    command = parser.add_subparsers(required=True).add_parser("serve")
    add_options(command)
    command.add_argument("--data", type=Path, required=True)
    command.add_argument("--ml-alone", action="store_true")
    options = parser.parse_args(arguments)
    from emulator.app import Emulator
    from emulator.server_process import serve

    serve(options.data, Settings.given(options), partial(Emulator, with_vertex=not options.ml_alone))


if __name__ == "__main__":
    main(sys.argv[1:])
