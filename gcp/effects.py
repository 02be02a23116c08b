"""The possible effects of a task's calls, for a task that fails partway."""

from __future__ import annotations

from dataclasses import dataclass

from gcp import errors


@dataclass
class Effects:
    """The possible effects of a task's calls.

    Attributes:
        certain: a write succeeded.
        possible: a write may have taken effect: it got no usable response.
        operation: name of the operation that the task started and did not see end; empty if none.
        on_foreign: the writes change a resource that somebody else created.
    """

    certain: bool = False
    possible: bool = False
    operation: str = ""
    on_foreign: bool = False

    def __bool__(self) -> bool:
        return self.certain or self.possible or bool(self.operation)

    def note_failure(self, error: errors.Error) -> None:
        """Counts a failed write."""
        self.possible = self.possible or isinstance(error, errors.UNKNOWN_EFFECT)
