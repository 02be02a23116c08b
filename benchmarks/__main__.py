"""The command line of the benchmarks."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

from rich.console import Console

from benchmarks.figures import BenchmarkError, Figure, Say, show, write
from benchmarks.workspace import World

NAMES = {
    "setup": "make setup in a second checkout, and the other steps of make up in it",
    "memory": "memory of the provider during an up of the local stack",
    "preview": "a preview of the local stack, compared with a program that does nothing",
    "calls": "API calls of an up that changes nothing",
    "predict": "a prediction over HTTP, compared with the direct call of the signature",
    "serve": "predictions for 32 clients, compared with other model servers and the floor of HTTP and JSON",
    "steady": "a minute of 64 clients while a version is created and the default changes",
    "cold": "the first prediction of a version without a node, compared with the next one",
    "operations": "32 slow operations at the same time",
    "scale": "the cost of one more resource, compared with one that does nothing",
    "batch": "a batch prediction job over a million rows, compared with model.predict in memory",
    "vertex": "the same of the local stack on Vertex AI; slow deployments; the emulator's second API; an endpoint",
    "kills": "50 kills during deployments and splits on Vertex AI, and the recovery after each",
    "upload": "memory and throughput of the provider while it uploads files",
    "sending": "uploads by the provider, compared with google-cloud-storage's transfer manager",
    "storage": "uploads to and downloads from the emulator, compared with fake-gcs-server",
}
_WIDTH = 160
"""Columns of a table that is not printed to a terminal."""
_EPILOG = """\
examples:
  python -m benchmarks                       everything, about 40 minutes
  python -m benchmarks preview calls         only these
  python -m benchmarks --json figures.json   write the figures to a file too

exit codes: 0 every bound holds, 1 a bound fails or could not be measured, 2 wrong usage, 130 interrupted
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures the requested figures; returns the exit code."""
    options = _parser().parse_args(arguments)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    try:
        with _progress() as say, World(say) as world:
            conditions = f"{_machine()}; {world.place}"
            found, failed = _measured(world, list(dict.fromkeys(options.names)) or list(NAMES))
    except KeyboardInterrupt:
        sys.stderr.write("benchmarks: interrupted; nothing is left\n")
        return 130
    console = Console(width=None if sys.stdout.isatty() else _WIDTH)
    console.print(conditions, highlight=False)
    show(found, console)
    if options.json:
        write(found, options.json)
    for line in failed:
        sys.stderr.write(f"benchmarks: {line}\n")
    return 0 if not failed and all(figure.holds for figure in found) else 1


def _machine() -> str:
    """The machine's cores and load, on which figures depend."""
    load = os.getloadavg()[0]
    cores = len(os.sched_getaffinity(0))
    busy = ": other programs are running, and affect the timings" if load > cores / 2 else ""
    return f"{cores} {'core' if cores == 1 else 'cores'}, load {load:.1f} at the start{busy}"


def _measured(world: World, names: Sequence[str]) -> tuple[list[Figure], list[str]]:
    """The figures, and an error for each name that could not be measured; an error does not stop the others."""
    found: list[Figure] = []
    failed = [line for name in names if (line := _measure(world, name, found))]
    return found, failed


def _measure(world: World, name: str, found: list[Figure]) -> str:
    """Adds the figures of a name to `found`; returns an error if they cannot be measured, otherwise an empty text."""
    try:
        found += _module(name)(world)
    except BenchmarkError as error:
        return f"{name}: {error}"
    return ""


@contextmanager
def _progress() -> Iterator[Say]:
    """Shows the current step on a line that changes; without a terminal, on a new line each time."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda text: print(text, file=sys.stderr, flush=True)
        return
    with console.status("starting") as status:
        yield status.update


def _module(name: str) -> Callable[[World], Iterator[Figure]]:
    found: Callable[[World], Iterator[Figure]] = import_module(f"benchmarks.measures.{name}").figures
    return found


def _name(text: str) -> str:
    if text not in NAMES:
        raise argparse.ArgumentTypeError(f"unknown figure {text!r}; must be one of {', '.join(NAMES)}")
    return text


def _file(text: str) -> Path:
    if not Path(text).absolute().parent.is_dir():
        raise argparse.ArgumentTypeError(f"the folder of {text} does not exist")
    return Path(text)


def _parser() -> argparse.ArgumentParser:
    names = "\n".join(f"  {name:<12}{text}" for name, text in NAMES.items())
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Measures every figure of docs/figures.md, each against its bound. Needs `make setup`.\n\n"
        f"figures:\n{names}",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", type=_name, metavar="NAME", help="what to measure (default: everything)")
    parser.add_argument("--json", type=_file, metavar="FILE", help="write the figures to FILE too")
    return parser


if __name__ == "__main__":
    sys.exit(main())
