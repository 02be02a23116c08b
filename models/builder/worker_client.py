"""Runs modules in separate processes: the worker that trains and exports, and others."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from models.builder.progress import Display
from models.core.errors import BuildError

_QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
_FIXED = {"PYTHONHASHSEED": "0", "KERAS_BACKEND": "tensorflow"}


def run_worker(job: dict[str, Any], log: Path, root: Path, display: Display) -> dict[str, Any]:
    """Runs a job in a worker process and returns its result.

    Args:
        job: the request of `models.builder.worker_process`.
        log: file for its other output; kept if the worker fails without an error of its own.
        root: the project's folder.
        display: shows its progress.

    Raises:
        BuildError: the worker failed.
    """
    with log.open("w", encoding="utf-8") as errors:
        worker = subprocess.Popen(
            [sys.executable, "-m", "models.builder.worker_process"],
            cwd=root,
            env={**_QUIET, **os.environ, **_FIXED},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
    with worker:
        try:
            last = _follow(worker, job, display)
        except BaseException:
            worker.kill()
            log.unlink()
            raise
    return _result(job["recipe"], last, worker.returncode, log)


def run_module(module: str, *arguments: str, root: Path, stdin: str = "") -> str:
    """Runs `python -m module *arguments` and returns its standard output.

    Args:
        module: its full name.
        arguments: of its command line.
        root: the project's folder, in which it runs.
        stdin: its standard input.

    Raises:
        BuildError: the exit code is not 0. The text is the last line of standard error.
    """
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=root,
        env={**_QUIET, **os.environ, **_FIXED},
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"its process failed with exit code {done.returncode}"]
        raise BuildError(lines[-1].rstrip("."))
    return done.stdout


def _follow(worker: subprocess.Popen[str], job: dict[str, Any], display: Display) -> dict[str, Any]:
    """Sends the job, shows the events, and returns the last one."""
    assert worker.stdin is not None
    assert worker.stdout is not None
    try:
        worker.stdin.write(json.dumps(job))
        worker.stdin.close()
    except BrokenPipeError:
        return {}
    event: dict[str, Any] = {}
    for line in worker.stdout:
        event = json.loads(line)
        if "text" in event:
            display.step(event["done"], event["total"], event["text"])
    return event


def _result(name: str, last: dict[str, Any], code: int, log: Path) -> dict[str, Any]:
    """The result in the last event. Raises `BuildError` if there is none."""
    if "error" in last:
        log.unlink()
        raise BuildError(f"{name}: {last['error']}")
    if code or "result" not in last:
        lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines() or ["no output"]
        raise BuildError(f"{name}: the build failed with exit code {code}: {lines[-1]} (all of its output: {log})")
    log.unlink()
    result: dict[str, Any] = last["result"]
    return result
