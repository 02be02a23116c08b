"""From a call and the method that it asks for to the request that the handler gets."""

from __future__ import annotations

from urllib.parse import unquote

from emulator.rest.http_call import Call
from emulator.rest.parsing import json_body, query_parameters
from emulator.rest.request import Request
from emulator.rest.router import Match


async def parse(call: Call, match: Match, *, parses_body: bool) -> Request:
    """The request, checked as the discovery document says; `parses_body` is False if the handler reads the body.

    Raises:
        ApiError: a parameter or the body is wrong.
    """
    method = match.method
    params = {**query_parameters.parse(method, call.query), **match.params}
    if match.download:
        params["alt"] = "media"
    call.pretty = params.get("prettyPrint", True)
    body = None
    if method.request and not match.upload and parses_body:
        body = json_body.parse(method, await call.read())
    return Request(
        method=method.id,
        params=params,
        headers=call.headers,
        body=body,
        chunks=call.chunks(),
        collect=call.collect,
        path=unquote(call.raw_path),
        verb=call.verb,
        base_url=base_url(call),
    )


def base_url(call: Call) -> str:
    """This endpoint, as the client addressed it."""
    return f"http://{call.headers.get('host', '')}"
