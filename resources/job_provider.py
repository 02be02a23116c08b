"""Resources that run once to an end: how a job is awaited and cancelled, and what is said of one that does not succeed.

A platform says how its jobs are read, and finds the one that belongs to a resource.
"""

from __future__ import annotations

import contextlib
from abc import abstractmethod

from gcp import errors, operations
from resources.engine.provider import Call, Provider, State


class JobProvider(Provider):
    """A job of an API. Deleting the resource cancels it; a job that failed or was cancelled does not exist for it."""

    create_adopts_existing = True
    timeouts = {"create": 86_400.0, "update": 60.0, "delete": 600.0}  # noqa: RUF012 - Provider declares it a ClassVar

    @abstractmethod
    def job_name(self, inputs: State, live: State) -> str:
        """The full name of a job of this resource; its last part is the ID."""

    @abstractmethod
    def read_job(self, call: Call, name: str) -> State:
        """The job as it is now."""

    @abstractmethod
    def cancel_job(self, call: Call, name: str) -> None:
        """Asks the job to stop. Raises `FailedPrecondition` if it has ended."""

    @abstractmethod
    def has_ended(self, live: State) -> bool:
        """Whether the job's state is final."""

    @abstractmethod
    def has_succeeded(self, live: State) -> bool:
        """Whether the job has ended, and its results are valid."""

    @abstractmethod
    def failure_of(self, live: State) -> str:
        """Why the job failed, in the API's words; empty if the API does not say."""

    @abstractmethod
    def progress_of(self, live: State) -> str:
        """The job's progress, as shown beside the resource."""

    def finished(self, call: Call, inputs: State, live: State) -> State:
        """The job once it has succeeded.

        Raises:
            OperationFailed: it failed, or was cancelled.
            OperationTimeout: it still runs.
        """
        name = self.job_name(inputs, live)
        live = self._ended(call, name)
        what, state = f"the job {_id(name)}", live.get("state")
        if not self.has_ended(live):
            raise errors.OperationTimeout(
                f"{call.what}: {what} is still {state} after {call.timeout:g} s. It goes on: run the same command "
                "again later to resume waiting, or give more time with `timeouts`"
            )
        if not self.has_succeeded(live):
            message = " ".join((self.failure_of(live) or "the API gave no reason").split()).rstrip(".")
            raise errors.OperationFailed(
                f"{what} is {state}: {message}. Fix what this names, then run `pulumi up` again: it starts another job"
            )
        return live

    def cancelled(self, call: Call, inputs: State, live: State) -> State:
        """Cancels the job and returns it once it has ended. Raises `OperationTimeout`."""
        name = self.job_name(inputs, live)
        with contextlib.suppress(errors.FailedPrecondition):  # it has just ended
            self.cancel_job(call, name)
        live = self._ended(call, name)
        if not self.has_ended(live):
            raise errors.OperationTimeout(
                f"{call.what}: the job {_id(name)} is still {live.get('state')} {call.timeout:g} s after it "
                "was cancelled: run the same command again later, or give more time with `timeouts`"
            )
        return live

    def _ended(self, call: Call, name: str) -> State:
        """The job once it has ended, or its state at the timeout."""

        def read() -> State:
            found = self.read_job(call, name)
            call.report(self.progress_of(found))
            return found

        with call.polling() as least:
            try:
                return operations.poll(read, self.has_ended, timeout=call.timeout, least=least, clock=call.api.clock)
            except errors.Cancelled:
                raise errors.Cancelled(f"cancelled; the job {_id(name)} still runs at the service") from None


def _id(name: str) -> str:
    return name.rpartition("/")[2]
