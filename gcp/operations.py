"""Waits for a long-running operation: with a timeout, backoff, progress reports, and a clock that tests can replace.

Source: google.longrunning.Operation, which Google's APIs share: once `done` is true, it has `error` or `response`.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from typing import Any

from gcp import errors
from gcp.clock import Clock

SHORTEST, LONGEST, SHARE = 0.1, 5.0, 0.2


def pause_after(elapsed: float, least: float = 0.0) -> float:
    """Seconds until the next poll: a fixed share of the elapsed time, so that the delay stays within that share.

    At least `least`: with limited calls, many waiting threads must poll less often.
    """
    return max(min(max(elapsed * SHARE, SHORTEST), LONGEST), least)


def pauses(timeout: float, least: Callable[[], float] = lambda: 0.0, clock: Clock = time) -> Iterator[float]:
    """Sleeps before each poll and yields the elapsed seconds, until `timeout`."""
    start, elapsed = clock.monotonic(), 0.0
    while elapsed < timeout:
        clock.sleep(min(pause_after(elapsed, least()), max(timeout - elapsed, SHORTEST)))
        elapsed = clock.monotonic() - start
        yield elapsed


def poll(
    read: Callable[[], dict[str, Any]],
    is_done: Callable[[dict[str, Any]], bool],
    *,
    timeout: float = math.inf,
    least: Callable[[], float] = lambda: 0.0,
    clock: Clock = time,
) -> dict[str, Any]:
    """What `read` returns once it is done, or after `timeout` seconds. Pauses between polls grow to 5 s.

    Args:
        read: returns the current state.
        is_done: whether a state is final.
        timeout: seconds. Default: none.
        least: returns the current minimum pause between two polls, in seconds.
        clock: `time`, or a test's own.

    Raises:
        Cancelled: the user cancelled the run.
    """
    found = read()
    if not is_done(found):
        for _ in pauses(timeout, least, clock):
            found = read()
            if is_done(found):
                break
    return found


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
        poll: returns the current state of the operation of this name.
        operation: what the call that started it returned.
        what: the action, for messages: "create version fashion_mnist/v2".
        method: id of the API method that started the operation.
        timeout: seconds.
        progress: called with the time waited, less and less often.
        least: returns the current minimum pause between two polls, in seconds.
        clock: `time`, or a test's own.

    Raises:
        OperationFailed: with the API's own message and code, and the method.
        OperationTimeout: it was not done in time; it may go on.
        Cancelled: the user cancelled the run; the operation still runs.
    """
    if not operation.get("done"):
        try:
            operation = _awaited(poll, operation, pauses(timeout, least, clock), progress)
        except errors.Cancelled:
            raise errors.Cancelled(
                f"cancelled; {method} still runs at the service (operation {operation['name']})"
            ) from None
    if not operation.get("done"):
        raise errors.OperationTimeout(
            f"{what}: {method} is not done after {timeout:g} s (operation {operation['name']}); it may still end. "
            "Rerun the command later, or give more time with `timeouts`"
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
    ticks: Iterator[float],
    progress: Callable[[str], None],
) -> dict[str, Any]:
    """The operation once it is done, or its last known state when the ticks end."""
    reported = 0.0
    for elapsed in ticks:
        operation = poll(operation["name"])
        if operation.get("done"):
            break
        if elapsed >= 1.5 * reported + 1:
            reported = elapsed
            progress(f"waiting for the operation, {elapsed:.0f} s")
    return operation
