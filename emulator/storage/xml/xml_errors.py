"""Errors of the XML API.

Source: Cloud Storage, "HTTP status and error codes for XML".
"""

from __future__ import annotations

from html import escape

from emulator.rest.request import Response

_CODES = {
    400: "InvalidArgument",
    401: "AuthenticationRequired",
    403: "AccessDenied",
    404: "NoSuchKey",
    405: "MethodNotAllowed",
    409: "OperationAborted",
    411: "MissingContentLength",
    412: "PreconditionFailed",
    413: "EntityTooLarge",
    416: "InvalidRange",
    429: "SlowDown",
    500: "InternalError",
    503: "ServiceUnavailable",
}
"""HTTP status -> the `Code` that an error has unless a more specific one is known."""


class XmlError(Exception):
    """An error whose `Code` says more than its HTTP status does.

    Args:
        status: HTTP status.
        code: the XML API's name of the error, such as `BadDigest`.
        message: one sentence.
        details: what exactly is wrong; may be empty.
    """

    def __init__(self, status: int, code: str, message: str, details: str = "") -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.details = status, code, message, details


def of_status(status: int, message: str) -> XmlError:
    """Returns an error of which only the HTTP status is known."""
    return XmlError(status, _CODES.get(status) or ("InternalError" if status >= 500 else "InvalidArgument"), message)


def response(error: XmlError) -> Response:
    """Returns the answer with an error."""
    details = f"<Details>{escape(error.details)}</Details>" if error.details else ""
    inner = f"<Code>{escape(error.code)}</Code><Message>{escape(error.message)}</Message>{details}"
    return document(f"<Error>{inner}</Error>", error.status)


def document(text: str, status: int = 200) -> Response:
    """Returns an answer that holds an XML document. `text` must be valid XML."""
    body = f"<?xml version='1.0' encoding='UTF-8'?>{text}".encode()
    return Response(body=body, status=status, headers={"content-type": "application/xml; charset=UTF-8"})
