"""Waiting for a long-running operation: bounded, backed off, reporting progress, by a clock that a test can bring.

Source: google.longrunning.Operation, which Google's APIs share: it is done when `done` is true, with `error` or
`response`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

from gcp import errors
from gcp.clock import Clock

SHORTEST, LONGEST, SHARE = 0.1, 5.0, 0.2


def pause_after(elapsed: float, least: float = 0.0) -> float:
    """Seconds until the next poll: a share of what has passed, so that the end is noticed within that share of it.

    Not sooner than `least`: where many wait and calls are limited, all of them poll less often.
    """
    return max(min(max(elapsed * SHARE, SHORTEST), LONGEST), least)


def pauses(timeout: float, least: Callable[[], float] = lambda: 0.0, clock: Clock = time) -> Iterator[float]:
    """Pauses before each poll; yields the seconds that have passed, until they are `timeout`."""
    start, elapsed = clock.monotonic(), 0.0
    while elapsed < timeout:
        clock.sleep(min(pause_after(elapsed, least()), max(timeout - elapsed, SHORTEST)))
        elapsed = clock.monotonic() - start
        yield elapsed


def wait(
    poll: Callable[[str], dict[str, Any]],
    operation: dict[str, Any],
    *,
    what: str,
    method: str,
    timeout: float,
    progress: Callable[[str], None] = lambda _: None,
    least: Callable[[], float] = lambda: 0.0,
    clock: Clock = time,
) -> dict[str, Any]:
    """The response of an operation, once it is done.

    Args:
        poll: returns the operation of this name, as the API has it now.
        operation: what the call that started it returned.
        what: what is going on, for messages: "create version fashion_mnist/v2".
        method: id of the API method that began the operation.
        timeout: seconds.
        progress: is called with how long it has waited, less and less often.
        least: returns the least pause between two polls at that time, in seconds.
        clock: `time`, or a test's own.

    Raises:
        OperationFailed: with the API's own message and code, and the method.
        OperationTimeout: it was not done in time; it may go on.
    """
    if not operation.get("done"):
        operation = _awaited(poll, operation, pauses(timeout, least, clock), progress)
    if not operation.get("done"):
        raise errors.OperationTimeout(
            f"{what}: {method} is not done after {timeout:g} s (operation {operation['name']}); it may still end: "
            "run the same command again later, or give more time with `timeouts`"
        )
    error = operation.get("error")
    if error:
        message = " ".join(str(error.get("message") or "no message").split())
        failed = errors.OperationFailed(message, int(error.get("code", 13)))
        failed.method = method
        raise failed
    response: dict[str, Any] = operation.get("response") or {}
    return response


def _awaited(
    poll: Callable[[str], dict[str, Any]],
    operation: dict[str, Any],
    moments: Iterator[float],
    progress: Callable[[str], None],
) -> dict[str, Any]:
    """The operation when it is done, or as it is at the last of the moments."""
    reported = 0.0
    for elapsed in moments:
        operation = poll(operation["name"])
        if operation.get("done"):
            break
        if elapsed >= 1.5 * reported + 1:
            reported = elapsed
            progress(f"waiting for the operation, {elapsed:.0f} s")
    return operation
