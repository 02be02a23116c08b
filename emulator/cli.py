"""The command line: serve, up, down, status, requests, logs."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from emulator import daemon
from emulator.settings import Settings, add_options
from resources.errors import Error

_DATA = Path(".local/emulator")
_EXAMPLES = """\
examples:
  python -m emulator up                       start in the background on http://127.0.0.1:8470
  python -m emulator status                   what runs, and every version with its nodes
  python -m emulator logs -f                  follow the calls as they come
  python -m emulator requests p.d.t           the last predictions that were logged to that table, as JSON lines
  python -m emulator down                     stop; the state stays in .local/emulator
  python -m emulator serve --port 0 --data /tmp/try --operation-seconds 5
                                              in the foreground, on a free port, with slow operations
  python -m emulator serve --sunset           refuse new models as Google does today

exit codes: 0 done, 1 failed, 2 wrong usage; of status: 0 up, 3 not up
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; returns its exit code."""
    options = _parser().parse_args(arguments)
    try:
        code: int = options.run(options)
    except Error as exc:
        print(f"error: {exc}", file=sys.stderr)
        return 1
    except (KeyboardInterrupt, BrokenPipeError):
        return 1
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m emulator",
        description="The ml v1 and Cloud Storage APIs on this machine, really serving SavedModels.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, run, text in (
        ("serve", _serve, "serve in the foreground until Ctrl-C or SIGTERM"),
        ("up", _up, "start in the background; fine if it is up already"),
    ):
        command = _command(commands, name, run, text)
        add_options(command)
    _command(commands, "down", _down, "stop; fine if it is not up")
    _command(commands, "status", _status, "print what runs; exit code 3 if nothing does")
    requests = _command(commands, "requests", _requests, "print predictions that were logged, or the tables of them")
    requests.add_argument(
        "table", nargs="?", metavar="TABLE", help="bigqueryTableName of a version (default: list all)"
    )
    requests.add_argument("-n", "--lines", type=_count, default=20, metavar="N", help="how many rows (default: 20)")
    logs = _command(commands, "logs", _logs, "print the end of the log: time, method, address, status, duration")
    logs.add_argument("-f", "--follow", action="store_true", help="go on until Ctrl-C")
    logs.add_argument("-n", "--lines", type=_count, default=20, metavar="N", help="how many lines (default: 20)")
    return parser


def _count(text: str) -> int:
    """How many lines. Raises `ArgumentTypeError` for what is none."""
    if not (text.isascii() and text.isdigit()):
        raise argparse.ArgumentTypeError(f"must be a whole number, 0 or more; it is {text!r}")
    return int(text)


def _command(commands: Any, name: str, run: Any, text: str) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = commands.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
    command.add_argument("--data", type=Path, default=_DATA, metavar="DIR", help=f"state and log (default: {_DATA})")
    command.set_defaults(run=run)
    return command


def _serve(options: argparse.Namespace) -> int:
    # Imported here: the other commands need no server.
    from emulator.process import serve

    serve(options.data, Settings.given(options))
    return 0


def _up(options: argparse.Namespace) -> int:
    with daemon.running(options.data) as found:
        if found is not None:
            return _already_up(found, Settings.given(options))
    endpoint = daemon.start(options.data, Settings.given(options).arguments())
    print(f"emulator is up on {endpoint}")
    return 0


def _already_up(found: daemon.Running, wanted: Settings) -> int:
    if wanted.port not in (0, urlsplit(found.endpoint).port):
        raise Error(f"it is up already, on {found.endpoint}: to change the port, `python -m emulator down` first")
    settings = (daemon.status(found) or {}).get("settings", {})
    if any(settings.get(name, value) != value for name, value in wanted.shown().items() if name != "port"):
        raise Error(f"it is up already, on {found.endpoint}, with other settings: `python -m emulator down` first")
    print(f"emulator is up already on {found.endpoint}")
    return 0


def _down(options: argparse.Namespace) -> int:
    with daemon.running(options.data) as found:
        if found is None:
            print("emulator is not up")
            return 0
        daemon.stop(found)
    print("emulator is down")
    return 0


def _status(options: argparse.Namespace) -> int:
    with daemon.running(options.data) as found:
        answer = daemon.status(found) if found else None
        if found is None or answer is None:
            print("emulator is not up: python -m emulator up")
            return 3
    settings = answer["settings"]
    rows = [
        ("endpoint", found.endpoint),
        ("pid", str(found.pid)),
        ("uptime", _duration(answer["uptime"])),
        ("operations", f"{answer['runningOperations']} running, at least {settings['operationSeconds']:g} s each"),
        ("storage", f"{_counted(answer['buckets'], 'bucket')}, {_counted(answer['objects'], 'object')}"),
        ("models", str(answer["models"])),
        ("scaling", f"nodes that the load has not needed for {settings['idleSeconds']:g} s are ended"),
        ("sandbox", ", ".join(answer["sandbox"]) or "none: a SavedModel may do what you may"),
        *_quota_rows(settings["quota"], answer["quota"]),
        *([("sunset", "new models and versions are refused")] if settings["sunset"] else []),
    ]
    print("\n".join(f"{name:<12}{value}" for name, value in rows))
    if answer["versions"]:
        print()
        _table([("VERSION", "STATE", "NODES", "MIN", "MAX", "DEFAULT"), *map(_version_row, answer["versions"])])
    for version in answer["versions"]:
        if "errorMessage" in version:
            print(f"\n{version['name']}: {version['errorMessage']}")
    return 0


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _quota_rows(limits: dict[str, float], found: dict[str, int]) -> list[tuple[str, str]]:
    """What is enforced, and what was counted."""
    calls, operations = found["mostCalls"], found["mostOperations"]
    shown = [
        f"{calls} calls of {limits['calls']:.0f} in {limits['seconds']:g} s" if limits["calls"] else "",
        f"{operations} of {limits['operations']:.0f} creations and deletions at a time" if limits["operations"] else "",
    ]
    enforced = [text for text in shown if text]
    return [("quota", f"at most {'; '.join(enforced)}; {found['refused']} refused")] if enforced else []


def _version_row(version: dict[str, Any]) -> tuple[str, ...]:
    default = "default" if version["isDefault"] else ""
    numbers = (str(version[name]) for name in ("nodes", "minNodes", "maxNodes"))
    return version["name"], version["state"], *numbers, default


def _table(rows: list[tuple[str, ...]]) -> None:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print("  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip())


def _duration(seconds: float) -> str:
    hours, rest = divmod(int(seconds), 3600)
    return f"{hours}h {rest // 60}m {rest % 60}s" if hours else f"{rest // 60}m {rest % 60}s"


def _requests(options: argparse.Namespace) -> int:
    from emulator.ml import request_log

    file = options.data / request_log.FILE
    if options.table is None:
        _table([("TABLE", "ROWS"), *((name, str(count)) for name, count in request_log.tables(file))])
        return 0
    rows = request_log.last(file, options.table, options.lines)
    if rows is None:
        raise Error(f"no prediction was logged to {options.table}: `python -m emulator requests` lists the tables")
    for row in rows:
        print(json.dumps(row, ensure_ascii=False))
    return 0


def _logs(options: argparse.Namespace) -> int:
    file = options.data / "log"
    try:
        log = file.open(encoding="utf-8", errors="replace")
    except OSError as exc:
        raise Error(f"there is no log in {options.data}: python -m emulator up") from exc
    with log:
        lines = log.readlines()
        sys.stdout.writelines(lines[-options.lines :] if options.lines > 0 else [])
        while options.follow:
            if file.stat().st_size < log.tell():
                log.seek(0)  # it was full, and begins anew
            sys.stdout.write(log.read())
            sys.stdout.flush()
            time.sleep(0.2)
    return 0
