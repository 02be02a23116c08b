"""The command line: serve, up, down, status, requests, logs."""

from __future__ import annotations

import argparse
import json
import shlex
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from command_line import pluralize, whole_number
from emulator import code_version, console, daemon, listening
from emulator.settings import Settings, add_options
from gcp.errors import Error, InvalidInput
from resources.config import local_endpoint

_DATA = local_endpoint.DATA
_EXAMPLES = """\
examples:
  python -m emulator up                       start in the background, at the endpoint of the local stack
  python -m emulator up --restart             restart a running one with that endpoint and the current code
  python -m emulator status                   what runs, and every version with its nodes
  python -m emulator logs -f                  follow the log of calls
  python -m emulator requests p.d.t           the last predictions logged to that table, as JSON lines
  python -m emulator down                     stop; the state stays in .local/emulator
  python -m emulator serve --port 0 --data /tmp/try --operation-seconds 5
                                              in the foreground, on a free port, with slow operations
  python -m emulator serve --sunset           refuse new models as Google does today

exit codes: 0 done, 1 failed, 2 wrong usage; for status: 0 up, 3 not up
"""

_RESTART = """restart a running emulator if its address, code or settings differ; its state and
other settings are kept"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; returns its exit code."""
    options = _parser().parse_args(arguments)
    options.words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        code: int = options.run(options)
    except Error as exc:
        print(f"error: {exc}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 1
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m emulator",
        description="Emulates ml v1, aiplatform v1 and Cloud Storage on this machine, and serves SavedModels.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, run, text in (
        ("serve", _serve, "serve in the foreground until Ctrl-C or SIGTERM"),
        ("up", _up, "start in the background; does nothing if it is already up"),
    ):
        command = _command(commands, name, run, text)
        add_options(command)
        if run is _up:
            command.add_argument("--restart", action="store_true", help=_RESTART)
    _command(commands, "down", _down, "stop; does nothing if it is not up")
    _command(commands, "status", _status, "print what runs; exit code 3 if nothing does")
    requests = _command(commands, "requests", _requests, "print logged predictions, or list their tables")
    requests.add_argument(
        "table", nargs="?", metavar="TABLE", help="bigqueryTableName of a version (default: list all)"
    )
    requests.add_argument(
        "-n", "--lines", type=whole_number(0), default=20, metavar="N", help="how many rows (default: 20)"
    )
    logs = _command(commands, "logs", _logs, "print the end of the log: time, method, URL, status, duration")
    logs.add_argument("-f", "--follow", action="store_true", help="follow the log until Ctrl-C")
    logs.add_argument(
        "-n", "--lines", type=whole_number(0), default=20, metavar="N", help="how many lines (default: 20)"
    )
    return parser


def _command(commands: Any, name: str, run: Any, text: str) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = commands.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
    command.add_argument("--data", type=Path, default=_DATA, metavar="DIR", help=f"state and log (default: {_DATA})")
    command.set_defaults(run=run)
    return command


def _serve(options: argparse.Namespace) -> int:
    # Imported here: the other commands need no server.
    from emulator.server_process import serve

    serve(options.data, Settings.given(options))
    return 0


def _up(options: argparse.Namespace) -> int:
    wanted = Settings.given(options)
    with daemon.running(options.data) as found:
        if found is not None:
            shown = (daemon.status(found) or {}).get("settings", {})
            if not options.restart:
                _require_same(found, wanted, shown, options)
                return _already_up(found)
            now = Settings.of_status(shown, found.token_file)
            wanted = Settings.given(options, like=now)
            wanted = replace(wanted, port=wanted.port or now.port)
            reason = _restart_reason(found, wanted, now)
            if not reason:
                return _already_up(found)
            if _is_elsewhere(found, wanted):
                listening.bind(wanted).close()  # else nothing would serve afterwards
            print(f"emulator on {found.endpoint} {reason}: restarting it", flush=True)
            daemon.stop(found)
    _announce("emulator is up on", daemon.start(options.data, wanted.arguments()))
    return 0


def _already_up(found: daemon.Running) -> int:
    _announce("emulator is already up on", found.endpoint)
    return 0


def _announce(text: str, endpoint: str) -> None:
    print(f"{text} {endpoint}\nconsole: {endpoint}{console.PATH}")


def _is_elsewhere(found: daemon.Running, wanted: Settings) -> bool:
    return wanted.port != 0 and found.endpoint != wanted.endpoint


def _restart_reason(found: daemon.Running, wanted: Settings, now: Settings) -> str:
    """Why an emulator must be restarted; empty if it already is as wanted."""
    if _is_elsewhere(found, wanted):
        return f"does not listen on {wanted.endpoint}"
    if found.code != code_version.digest():
        return "runs another version of this code"
    return "" if wanted == now else "has other settings"


def _require_same(found: daemon.Running, wanted: Settings, shown: dict[str, Any], options: argparse.Namespace) -> None:
    """Raises `Error` if its address or settings differ; the error names the command that restarts it."""
    restart = f"`{shlex.join(['python', '-m', 'emulator', *options.words, '--restart'])}`"
    if _is_elsewhere(found, wanted):
        raise Error(f"it already runs on {found.endpoint}: {restart} moves it to {wanted.endpoint}")
    if any(shown.get(name, value) != value for name, value in wanted.shown().items() if name != "port"):
        raise Error(f"it already runs on {found.endpoint}, with other settings: `python -m emulator down` first")
    if found.code != code_version.digest():
        print(f"note: it runs another version of this code: {restart} restarts it", file=sys.stderr)


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
            return _not_up()
    settings = answer["settings"]
    rows = [
        ("endpoint", found.endpoint),
        ("pid", str(found.pid)),
        ("uptime", _duration(answer["uptime"])),
        ("operations", f"{answer['runningOperations']} running, at least {settings['operationSeconds']:g} s each"),
        ("storage", f"{pluralize(answer['buckets'], 'bucket')}, {pluralize(answer['objects'], 'object')}"),
        ("models", str(answer["models"])),
        ("scaling", f"autoscaled nodes stop after {settings['idleSeconds']:g} idle seconds"),
        ("sandbox", ", ".join(answer["sandbox"]) or "none: a SavedModel can do whatever you can"),
        *_quota_rows(settings["quota"], answer["quota"]),
        *([("sunset", "new models and versions are refused")] if settings["sunset"] else []),
    ]
    print("\n".join(f"{name:<12}{value}" for name, value in rows))
    _warn_of_endpoint()
    if answer["versions"]:
        print()
        _table([("VERSION", "STATE", "NODES", "MIN", "MAX", "DEFAULT"), *map(_version_row, answer["versions"])])
    deployed = [row for endpoint in answer.get("endpoints", ()) for row in endpoint["deployedModels"]]
    if deployed:
        print()
        _table([("DEPLOYED MODEL", "STATE", "NODES", "TRAFFIC"), *map(_deployed_row, deployed)])
    for row in [*answer["versions"], *deployed]:
        if "errorMessage" in row:
            print(f"\n{row['name']}: {row['errorMessage']}")
    return 0


def _deployed_row(row: dict[str, Any]) -> tuple[str, ...]:
    return row["name"], row["state"], str(row["nodes"]), f"{row['trafficPercent']} %"


def _warn_of_endpoint() -> None:
    """Warns if the local stack's endpoint is invalid, so that `up` would refuse it."""
    try:
        local_endpoint.address()
    except InvalidInput as exc:
        print(f"warning: {exc}", file=sys.stderr)


def _not_up() -> int:
    try:
        local_endpoint.address()
    except InvalidInput as exc:
        print(f"emulator is not up, and cannot start at the local stack's endpoint: {exc}")
    else:
        print("emulator is not up: python -m emulator up")
    return 3


def _quota_rows(limits: dict[str, float], found: dict[str, int]) -> list[tuple[str, str]]:
    """The enforced quotas, and the number of refused calls."""
    calls, operations = found["mostCalls"], found["mostOperations"]
    shown = [
        f"{calls} calls of {limits['calls']:.0f} in {limits['seconds']:g} s" if limits["calls"] else "",
        f"{operations} of {limits['operations']:.0f} concurrent creations and deletions"
        if limits["operations"]
        else "",
    ]
    enforced = [text for text in shown if text]
    return [("quota", f"at most {'; '.join(enforced)}; {found['refused']} refused")] if enforced else []


def _version_row(row: dict[str, Any]) -> tuple[str, ...]:
    default = "default" if row["isDefault"] else ""
    numbers = (str(row[name]) for name in ("nodes", "minNodes", "maxNodes"))
    return row["name"], row["state"], *numbers, default


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
        raise Error(f"no predictions logged to {options.table}: `python -m emulator requests` lists the tables")
    for row in rows:
        print(json.dumps(row, ensure_ascii=False))
    return 0


def _logs(options: argparse.Namespace) -> int:
    file = options.data / "log"
    try:
        log = file.open(encoding="utf-8", errors="replace")
    except OSError as exc:
        raise Error(f"no log found in {options.data}: python -m emulator up") from exc
    with log:
        lines = log.readlines()
        sys.stdout.writelines(lines[-options.lines :] if options.lines > 0 else [])
        while options.follow:
            if file.stat().st_size < log.tell():
                log.seek(0)  # the file was full, and a new one has begun
            sys.stdout.write(log.read())
            sys.stdout.flush()
            time.sleep(0.2)
    return 0
