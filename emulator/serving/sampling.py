"""Samples of a SavedModel: `python -m emulator.serving.sampling FOLDER [--signature KEY] [--count N] [--instances -]`.

One sandboxed node loads the model, as it does to serve it, and ends with the command. Standard output is one JSON
object: `{"samples": [{"instance": ..., "prediction": {OUTPUT: VALUE}}], "source": SOURCE}`. SOURCE says where the
instances come from: `instances` (standard input, `{"instances": [...]}`, with `--instances -`), else
`warm-up requests` of that signature, else `signature`: they are generated from its types and shapes. An instance is the
bare value where the signature has one input, else an object by input. A prediction is the model's answer to that
instance alone; where a call takes a fixed number of instances, there are so many samples, asked together. Exit code 1,
and one line on standard error, where the model cannot be loaded, answers none of them, or its answers change: the
signature draws random numbers or reads the clock, or it answers otherwise after what it wrote.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from pathlib import Path
from typing import Any, NoReturn

from emulator.core.predictions import REFUSED, LoadFailed
from emulator.serving.model_server import Serving
from gcp import errors

_COUNT = 3


def main() -> int:
    """Prints samples; returns the exit code."""
    options = _parser().parse_args()
    try:
        instances = _instances(sys.stdin.read()) if options.instances else None
        order = {"signature": options.signature, "count": options.count, "instances": instances}
        answer = asyncio.run(_ask(options.folder, order))
    except (errors.Error, LoadFailed) as exc:
        print(" ".join(str(exc).split()), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 1
    print(json.dumps(answer))
    return 0


async def _ask(folder: Path, order: dict[str, Any]) -> Any:
    """The samples. Raises `errors.Error` where there are none."""
    serving = Serving()
    try:
        async with serving.sampler(folder) as node:
            kind, content = await node.ask(json.dumps(order).encode())
    finally:
        await serving.stop()
    if kind == REFUSED:
        raise errors.Error(content.decode())
    return json.loads(content)


def _instances(text: str) -> list[Any]:
    """Raises `errors.Error` where standard input is not `{"instances": [...]}`."""
    try:
        instances = json.loads(text, parse_constant=_refuse_constant)["instances"]
    except (ValueError, KeyError, TypeError, RecursionError) as exc:
        raise errors.Error(f'standard input: expected {{"instances": [...]}}: {exc}') from None
    if not isinstance(instances, list) or not instances:
        raise errors.Error('standard input: "instances" must be a list with at least one instance')
    return instances


def _refuse_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is not valid JSON")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m emulator.serving.sampling", description="Samples of a SavedModel.")
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="holds saved_model.pb")
    parser.add_argument("--signature", metavar="KEY", help="default: the only signature, else serving_default")
    parser.add_argument(
        "--count", type=_count, default=_COUNT, metavar="N", help="samples at most (default: %(default)s)"
    )
    parser.add_argument("--instances", choices=["-"], help="read the instances from standard input")
    return parser


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 1000:
        raise argparse.ArgumentTypeError(f"must be a whole number from 1 to 1000, got {text!r}")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
