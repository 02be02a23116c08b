"""Cloud Storage clients in several languages, which all take the same commands.

A program of `programs/` gets the endpoint as its argument, reads a JSON list of texts from each line of its standard
input, and answers with a line: `{"value": ...}`, or `{"error": "..."}` with what its client says. The lists are:

    make-bucket PROJECT BUCKET         a bucket whose objects may have a retention configuration
    write BUCKET NAME FILE CHUNK       a resumable upload of a file, in chunks of so many bytes
    read BUCKET NAME OFFSET LENGTH     bytes, in base64; all of them where LENGTH is -1
    read-if BUCKET NAME GENERATION     bytes of this generation
    read-with-key BUCKET NAME          with a customer-supplied encryption key
    compose BUCKET NAME SOURCE SOURCE  without a content type
    hold BUCKET NAME on|off            the temporary hold
    retain BUCKET NAME MODE            a retention configuration of an hour
    delete BUCKET NAME
    list BUCKET GLOB                   names
    notifications BUCKET               how many
    hmac PROJECT                       how many keys
    make-hmac PROJECT                  is not emulated
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


class Refused(Exception):
    """A client failed; the text is what it says."""


class Speaker(Protocol):
    """A client that does what it is asked."""

    def ask(self, *words: str) -> Any:
        """The value of a response. Raises `Refused`."""

    def read(self, *words: str) -> bytes:
        """The value of an answer that is bytes. Raises `Refused`."""


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

    def ask(self, *words: str) -> Any:
        """See `Speaker`."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{json.dumps(words)}\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, f"the program ended with {self._process.wait()}"
        answer = json.loads(line)
        if "error" in answer:
            raise Refused(answer["error"])
        return answer["value"]

    def read(self, *words: str) -> bytes:
        """See `Speaker`."""
        return base64.b64decode(self.ask(*words))


PROGRAMS: dict[str, Callable[[], Sequence[str]]] = {
    "go": lambda: [str(installed.go("storage"))],
    "node": lambda: ["node", f"{installed.node()}/storage.js"],
    "java": lambda: ["java", "-cp", installed.java(), "Client"],
}
"""Language -> the command of its program, which is built where it is missing."""
