"""Cloud Storage clients in several languages, which all take the same commands.

A program of `programs/` gets the endpoint as its argument, reads a JSON list of texts from each line of its standard
input, and writes one line for each: `{"value": ...}`, or `{"error": "..."}` with its client's message. The lists are:

    make-bucket PROJECT BUCKET         a bucket whose objects may have a retention configuration
    write BUCKET NAME FILE CHUNK       a resumable upload of a file, in chunks of CHUNK bytes
    read BUCKET NAME OFFSET LENGTH     bytes, in base64; all of them if LENGTH is -1
    read-if BUCKET NAME GENERATION     bytes of this generation
    read-with-key BUCKET NAME          with a customer-supplied encryption key
    compose BUCKET NAME SOURCE SOURCE  without a content type
    hold BUCKET NAME on|off            the temporary hold
    retain BUCKET NAME MODE            a retention configuration of an hour
    delete BUCKET NAME
    list BUCKET GLOB                   names
    notifications BUCKET               the number of notification configurations
    hmac PROJECT                       the number of HMAC keys
    make-hmac PROJECT                  a new HMAC key, which is not emulated
    sign BUCKET NAME V2|V4 SECONDS KEY a URL, signed with the key in a file
"""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from typing_extensions import Self

from tests.clients import installed


class ClientError(Exception):
    """A client failed; the text is its message."""


class StorageClient(Protocol):
    """A client that runs the commands above."""

    def run(self, *words: str) -> Any:
        """The value of a response. Raises `ClientError`."""

    def read(self, *words: str) -> bytes:
        """The value of a response that is bytes. Raises `ClientError`."""


class Program:
    """A client in another language: a process that runs until the block ends."""

    def __init__(self, command: Sequence[str], endpoint: str) -> None:
        self._process = subprocess.Popen(
            [*command, endpoint], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    def run(self, *words: str) -> Any:
        """See `StorageClient`."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{json.dumps(words)}\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, f"the program ended with {self._process.wait()}"
        response = json.loads(line)
        if "error" in response:
            raise ClientError(response["error"])
        return response["value"]

    def read(self, *words: str) -> bytes:
        """See `StorageClient`."""
        return base64.b64decode(self.run(*words))


PROGRAMS: dict[str, Callable[[], Sequence[str]]] = {
    "go": lambda: [str(installed.go("storage"))],
    "node": lambda: ["node", f"{installed.node()}/storage.js"],
    "java": lambda: ["java", "-cp", installed.java(), "Client"],
}
"""Language -> a function that builds its program if needed and returns its command."""
