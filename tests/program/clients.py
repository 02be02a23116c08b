"""Clients that predict all the while, and remember every answer."""

from __future__ import annotations

import json
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from tests.emulator.ml.caller import until
from tests.running import BOUND

_PAUSE = 0.02
"""Seconds between an answer and the next question: they are not to keep the engine from its work."""


def predict(url: str, *instances: float) -> list[float]:
    """The answers of a model or a version over HTTP, whose only output is `y`."""
    body = json.dumps({"instances": instances}).encode()
    request = urllib.request.Request(url, body, {"content-type": "application/json"})  # noqa: S310 - loopback
    with urllib.request.urlopen(request, timeout=BOUND) as answer:  # noqa: S310 - loopback
        predictions = json.load(answer)["predictions"]
    return [prediction["y"] for prediction in predictions]


class Client:
    """Asks one URL what it makes of 1.0, over and over.

    Attributes:
        answers: each answer once, in the order in which it first came.
        failures: what came in the place of an answer.
        count: how many answers came.
    """

    def __init__(self, url: str) -> None:
        self._url, self._over = url, threading.Event()
        self.answers: list[float] = []
        self.failures: list[str] = []
        self.count = 0
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        while not self._over.wait(_PAUSE):
            self._ask()

    def _ask(self) -> None:
        try:
            (answer,) = predict(self._url, 1.0)
        except urllib.error.HTTPError as error:
            self.failures.append(f"{error.code} {error.read().decode()}")
        except (OSError, KeyError) as error:
            self.failures.append(repr(error))
        else:
            self.count += 1
            if answer not in self.answers:
                self.answers.append(answer)

    @property
    def results(self) -> tuple[list[float], list[str]]:
        """The answers and the failures."""
        return self.answers, self.failures

    def more(self) -> None:
        """Returns when answers to questions of from now on have come."""
        seen = self.count + len(self.failures)
        until(lambda: self.count + len(self.failures) > seen + 1, f"answers of {self._url}")

    def stop(self) -> None:
        """Ends it, after the answer that it waits for."""
        self._over.set()
        self._thread.join()


@contextmanager
def predicting(urls: Mapping[str, str]) -> Iterator[dict[str, Client]]:
    """One client for each URL, from before the block until after it."""
    clients = {name: Client(url) for name, url in urls.items()}
    try:
        for client in clients.values():
            client.more()
        yield clients
        for client in clients.values():
            client.more()
    finally:
        for client in clients.values():
            client.stop()
