"""The responses that injected faults give in place of a method's."""

from __future__ import annotations

from http import HTTPStatus

from emulator.core.calls.faults import MESSAGE, Rule
from emulator.rest.error_body import ErrorBody
from emulator.rest.request import Response
from gcp import errors


def replacement(rule: Rule, error_body: ErrorBody) -> Response | None:
    """The response to send without calling the method; None if the method must be called."""
    if rule.asks("status"):
        kind = errors.of_code(rule.value)[0]
        body = error_body(kind(rule.extras.get("message", MESSAGE), rule.extras.get("details", ())))
        body["error"]["code"] = rule.value
        wait = rule.extras.get("retryAfter")
        return Response(body=body, status=rule.value, headers={} if wait is None else {"retry-after": str(wait)})
    if rule.asks("html"):
        title = f"{rule.value} {HTTPStatus(rule.value).phrase}" if rule.value in set(HTTPStatus) else str(rule.value)
        page = f"<!DOCTYPE html>\n<html>\n<head><title>{title}</title></head>\n<body><h1>{title}</h1></body>\n</html>\n"
        return Response(body=page.encode(), status=rule.value, headers={"content-type": "text/html; charset=utf-8"})
    return None
