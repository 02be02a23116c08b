"""Clients that predict continuously and record every response."""

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
"""Seconds between a response and the next request, so that the clients do not slow the engine down."""


def predict(url: str, *instances: float) -> list[float]:
    """The predictions of a model or a version over HTTP; its only output is `y`."""
    body = json.dumps({"instances": instances}).encode()
    request = urllib.request.Request(url, body, {"content-type": "application/json"})  # noqa: S310 - loopback
    with urllib.request.urlopen(request, timeout=BOUND) as answer:  # noqa: S310 - loopback
        predictions = json.load(answer)["predictions"]
    return [prediction["y"] for prediction in predictions]


class Client:
    """Predicts 1.0 at one URL, over and over.

    Attributes:
        answers: each distinct prediction, in the order in which it first came.
        failures: the errors that came instead of a prediction.
        count: the number of predictions.
    """

    def __init__(self, url: str) -> None:
        self._url, self._stopped = url, threading.Event()
        self.answers: list[float] = []
        self.failures: list[str] = []
        self.count = 0
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        while not self._stopped.wait(_PAUSE):
            self._predict()

    def _predict(self) -> None:
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
        """The predictions and the failures."""
        return self.answers, self.failures

    def wait_for_responses(self) -> None:
        """Returns once requests that were sent after the call have responses."""
        seen = self.count + len(self.failures)
        until(lambda: self.count + len(self.failures) > seen + 1, f"answers of {self._url}")

    def stop(self) -> None:
        """Stops the client once its pending request has a response."""
        self._stopped.set()
        self._thread.join()


@contextmanager
def predicting(urls: Mapping[str, str]) -> Iterator[dict[str, Client]]:
    """One client for each URL, from before the block until after it."""
    clients = {name: Client(url) for name, url in urls.items()}
    try:
        for client in clients.values():
            client.wait_for_responses()
        yield clients
        for client in clients.values():
            client.wait_for_responses()
    finally:
        for client in clients.values():
            client.stop()
