"""The errors of this project: one tree, used by both ends of the wire.

The client raises what the emulator returns, so each class has its HTTP status and Google's names for it.

    Error
    ├── InvalidInput             the user's input is invalid; nothing was sent
    ├── NoCredentials            no usable credentials; nothing was sent
    ├── EndpointUnreachable      no response came: whether the call took effect is unknown
    ├── OperationFailed          a long-running operation ended in an error
    ├── OperationTimeout         a long-running operation did not end in time
    ├── Cancelled                the user cancelled the run
    └── ApiError                 the API returned an error
        ├── InvalidArgument      400 INVALID_ARGUMENT
        │   └── Sunset           400, what Google's ml v1 returns to new projects
        ├── FailedPrecondition   400 FAILED_PRECONDITION
        ├── Unauthenticated      401 UNAUTHENTICATED
        ├── PermissionDenied     403 PERMISSION_DENIED
        ├── NotFound             404 NOT_FOUND
        ├── MethodNotAllowed     405 (Cloud Storage)
        ├── AlreadyExists        409 ALREADY_EXISTS
        ├── Aborted              409 ABORTED: somebody else changed it (etag)
        ├── Gone                 410 (Cloud Storage: an upload session that is over)
        ├── LengthRequired       411 (Cloud Storage)
        ├── PreconditionFailed   412 (Cloud Storage: ifGenerationMatch and the like)
        ├── PayloadTooLarge      413
        ├── RangeNotSatisfiable  416 OUT_OF_RANGE
        ├── ResourceExhausted    429 RESOURCE_EXHAUSTED
        ├── Internal             500 INTERNAL
        ├── Unimplemented        501 UNIMPLEMENTED
        ├── Unavailable          503 UNAVAILABLE, and every other 5xx, such as a proxy's 502
        └── DeadlineExceeded     504 DEADLINE_EXCEEDED

Every error can be pickled: the engine and the provider are different processes.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

SUNSET_TEXT = (
    "Cloud AI Platform has been deprecated. Please use Vertex AI (https://cloud.google.com/vertex-ai) instead."
)


def plain(text: str, most: int) -> str:
    """A text on one line: unprintable characters are escaped, and it is cut to `most` characters."""
    shown = "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)
    return shown if len(shown) <= most else f"{shown[: most - 3]}..."


class Error(Exception):
    """Base of the errors that this project raises. The text is one line and says what to do."""

    method: str = ""
    """Id of the API method that was called, `ml.projects.models.create`; empty for none."""
    hint: str = ""
    """Advice that is specific to this API; empty for the usual advice."""


class InvalidInput(Error):
    """The user's input is invalid; nothing was sent.

    Attributes:
        failures: pairs of the full path of a key (`versions.v1.autoScaling.minNodes`) and what is wrong with it.
    """

    def __init__(self, failures: Iterable[tuple[str, str]]) -> None:
        self.failures = tuple(failures)
        super().__init__("\n".join(f"{plain(path, 300)}: {plain(reason, 600)}" for path, reason in self.failures))

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.failures,), vars(self)


class NoCredentials(Error):
    """There are no usable credentials; nothing was sent."""


class EndpointUnreachable(Error):
    """No response came from the endpoint: whether the call took effect is unknown."""

    lasting: bool = False
    """Whether a retry would fail too: an untrusted certificate, a proxy that refuses."""
    writes: bool = False
    """Whether the call was a write."""


class OperationFailed(Error):
    """A long-running operation ended in an error.

    Attributes:
        code: google.rpc.Code, a small integer (3 INVALID_ARGUMENT, 6 ALREADY_EXISTS, 13 INTERNAL, ...).
    """

    def __init__(self, message: str, code: int = 13) -> None:
        super().__init__(message)
        self.code = code

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (str(self), self.code), vars(self)


class OperationTimeout(Error):
    """A long-running operation did not end within its bound; it may still end."""


class Cancelled(Error):
    """The user cancelled the run; an operation that was started may still run at the service."""

    def __init__(self, message: str = "cancelled") -> None:
        super().__init__(message)


class ApiError(Error):
    """The API returned an error.

    Args:
        message: one line, without a stack trace or HTML.
        details: `error.details` of the response, unchanged; for Cloud Storage, `error.errors`.

    Attributes:
        code: HTTP status: that of the class, or the response's own if no class has it (502, 418).
        status: Google's name for it; HTTP's ("Bad Gateway") if no class has the status.
        reason: Cloud Storage's name for it.
        is_google: whether the endpoint is Google's.
        writes: whether the call was a write.
        endpoint: URL of the server if it is on this machine; else empty.
    """

    code: int = 500
    status: str = "UNKNOWN"
    reason: str = "backendError"
    is_google: bool = True
    writes: bool = False
    endpoint: str = ""
    retry_after: float = 0.0
    """Seconds to wait before a retry, as the API asks; 0 if it does not."""

    def __init__(self, message: str, details: Iterable[Any] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.details = list(details)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.message, self.details), vars(self)


class InvalidArgument(ApiError):
    """400: the request itself is wrong."""

    code, status, reason = 400, "INVALID_ARGUMENT", "invalid"


class Sunset(InvalidArgument):
    """400: Google's ml v1 takes no new projects. `message` is the API's own sentence."""

    def __init__(self, message: str = SUNSET_TEXT, details: Iterable[Any] = ()) -> None:
        super().__init__(message, details)


class FailedPrecondition(ApiError):
    """400: valid, but not in the resource's current state."""

    code, status, reason = 400, "FAILED_PRECONDITION", "failedPrecondition"


class Unauthenticated(ApiError):
    """401: no credentials, or expired ones."""

    code, status, reason = 401, "UNAUTHENTICATED", "authError"


class PermissionDenied(ApiError):
    """403: these credentials may not do this, or the API is not enabled in the project."""

    code, status, reason = 403, "PERMISSION_DENIED", "forbidden"


class NotFound(ApiError):
    """404: there is no such resource."""

    code, status, reason = 404, "NOT_FOUND", "notFound"


class MethodNotAllowed(ApiError):
    """405: this URL does not support this HTTP method."""

    code, status, reason = 405, "UNIMPLEMENTED", "methodNotAllowed"


class AlreadyExists(ApiError):
    """409: the name is taken."""

    code, status, reason = 409, "ALREADY_EXISTS", "conflict"


class Aborted(ApiError):
    """409: the resource was changed concurrently (its etag does not match)."""

    code, status, reason = 409, "ABORTED", "conflict"


class Gone(ApiError):
    """410: the upload session has ended or never existed."""

    code, status, reason = 410, "NOT_FOUND", "gone"


class LengthRequired(ApiError):
    """411: a request without a length."""

    code, status, reason = 411, "INVALID_ARGUMENT", "required"


class PreconditionFailed(ApiError):
    """412: a condition on generation or metageneration does not hold."""

    code, status, reason = 412, "FAILED_PRECONDITION", "conditionNotMet"


class PayloadTooLarge(ApiError):
    """413: more bytes than the API takes."""

    code, status, reason = 413, "INVALID_ARGUMENT", "uploadTooLarge"


class RangeNotSatisfiable(ApiError):
    """416: no such range of bytes."""

    code, status, reason = 416, "OUT_OF_RANGE", "requestedRangeNotSatisfiable"


class ResourceExhausted(ApiError):
    """429: over a quota."""

    code, status, reason = 429, "RESOURCE_EXHAUSTED", "rateLimitExceeded"


class Internal(ApiError):
    """500: the API's own fault."""

    code, status, reason = 500, "INTERNAL", "internalError"


class Unimplemented(ApiError):
    """501: this endpoint does not support that."""

    code, status, reason = 501, "UNIMPLEMENTED", "notImplemented"


class Unavailable(ApiError):
    """503: temporarily unavailable. Also every 5xx without a class, with its own `code` and `status`."""

    code, status, reason = 503, "UNAVAILABLE", "backendError"


class DeadlineExceeded(ApiError):
    """504: the API did not finish in time."""

    code, status, reason = 504, "DEADLINE_EXCEEDED", "backendError"


UNKNOWN_EFFECT = (EndpointUnreachable, Internal, Unavailable, DeadlineExceeded)
"""Failures of a write that may have taken effect."""


def of_code(code: int) -> list[type[ApiError]]:
    """The classes with this HTTP status, except `Sunset`; if there is none, the most similar class."""
    found = [cls for cls in _leaves(ApiError) if cls.code == code and cls is not Sunset]
    return found or [Unavailable if code >= Internal.code else InvalidArgument]


def _leaves(cls: type[ApiError]) -> list[type[ApiError]]:
    return [leaf for child in cls.__subclasses__() for leaf in [child, *_leaves(child)]]
