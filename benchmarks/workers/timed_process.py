"""Worker processes that time their jobs, and a bucket for the figures of Cloud Storage."""

from __future__ import annotations

import json
import sys
import urllib.request

from benchmarks.figures import BenchmarkError
from benchmarks.workspace import World


def make_bucket(endpoint: str, name: str) -> None:
    """Creates a bucket."""
    content = json.dumps({"name": name}).encode()
    address = f"{endpoint}/storage/v1/b?project=bench"
    request = urllib.request.Request(address, content, {"content-type": "application/json"})
    urllib.request.urlopen(request, timeout=10).close()


class TimedProcess:
    """A module of the benchmarks as a process that answers each line with a number, usually of seconds.

    Args:
        world: ends the process.
        module: such as `benchmarks.workers.senders`.
        arguments: the arguments of its command line.
    """

    def __init__(self, world: World, module: str, *arguments: str) -> None:
        self._world, self._what = world, module
        self._process = world.start([sys.executable, "-m", module, *arguments])
        self._read()

    def run(self, line: str) -> float:
        """Runs a job; returns the seconds it took. Raises `BenchmarkError` if it failed."""
        assert self._process.stdin is not None
        print(line, file=self._process.stdin, flush=True)
        return float(self._read())

    def _read(self) -> str:
        assert self._process.stdout is not None
        answer = self._process.stdout.readline()
        if not answer:
            raise BenchmarkError(f"{self._what} failed:\n{self._world.logged_errors()}")
        return answer
