"""From a request to its answer: finds the method, checks the request, calls the handler and writes the answer.

Accepted without effect: `callback`, and what says who calls (see `query_parameters`).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol
from urllib.parse import unquote

from emulator.core import disk_errors
from emulator.core.calls import faults
from emulator.core.calls.admission import Admission
from emulator.core.calls.faults import Rule
from emulator.core.log import Log
from emulator.http.caller_access import Access
from emulator.http.exchange import Disconnected, Exchange
from emulator.http.server import FastPath
from emulator.rest import batch_requests, discovery_service, fault_responses, response_writer
from emulator.rest.api_registration import ApiRegistration, Apis
from emulator.rest.call_log import CallLog
from emulator.rest.discovery_service import DiscoveryService
from emulator.rest.http_call import Call, Dropped
from emulator.rest.parsing import field_mask, request_parser
from emulator.rest.request import Response
from emulator.rest.router import Match, Router
from gcp import errors

_Answer = Callable[[], Awaitable[Response]]
"""Answers a call, if no fault is injected."""

_RESERVED = frozenset({"-", "batch", "discovery", "$discovery"})
"""First path segments that never belong to an extra route."""


class Site(Protocol):
    """Addresses that belong to no API: the emulator's own pages.

    Attributes:
        roots: first path segments of its addresses; empty for the root.
        challenge: how a browser is asked for the token, in `WWW-Authenticate`; empty if it is not.
    """

    roots: frozenset[str]
    challenge: str

    def owns(self, path: str) -> bool:
        """Whether a path is one of its addresses."""

    async def respond(self, call: Call) -> Response:
        """The answer. Raises `ApiError`."""


class Dispatcher:
    """Answers every call on one port.

    Args:
        apis: the APIs.
        sites: the emulator's own pages, asked before the APIs.
        access: checks who calls.
        admission: counts calls, and injects faults.
        calls: records calls.
        log: gets tracebacks.
    """

    def __init__(
        self, apis: Apis, sites: Sequence[Site], *, access: Access, admission: Admission, calls: CallLog, log: Log
    ) -> None:
        self._apis = apis
        self._site_of = {root: site for site in sites for root in site.roots}
        self._access, self._admission, self._calls, self._log = access, admission, calls, log
        self._router = Router(apis.methods)
        self._reserved = self._router.roots.union(_RESERVED, *(site.roots for site in sites))
        self._discovery = DiscoveryService([document for api in apis.all for document in api.documents])
        self._fast = _by_verb([api.fast_paths for api in apis.all])

    def fast_path(self, exchange: Exchange) -> bool | None:
        """See `server.FastPath`."""
        take = self._fast.get(exchange.head.verb)
        return take(exchange) if take else False

    async def answer(self, exchange: Exchange) -> None:
        """Answers a request."""
        began = time.perf_counter()
        call = Call.of(exchange.head, exchange.receive, exchange.collect)
        try:
            status = await response_writer.send(exchange, call, await self.respond(call))
        except Dropped:
            await exchange.hang_up()
            status = 499
        except Disconnected:
            status = 499  # nobody is left to answer; other servers log this status, too
        except Exception as exc:  # noqa: BLE001 - our own error; the log has the traceback
            response = self._internal_error(call, exc)
            if exchange.started:
                await exchange.hang_up()  # the client sees that the body is too short
                status = 499
            else:
                status = await response_writer.send(exchange, call, response)
        self._calls.note(call.method, call.raw_path, status, began)

    async def respond(self, call: Call) -> Response:
        """The answer to a call, errors included. Raises `Disconnected` and `Dropped`."""
        if call.verb == "HEAD":  # handled as GET; the body is left out when the answer is written
            call.verb = "GET"
        site = self._site(call.raw_path)
        try:
            self._access.check(call.headers, call.verb)
            if site:
                return await site.respond(call)
            if batch_requests.answers_at(call):
                return await batch_requests.respond(call, self._batched, self._refusal)
            if discovery_service.answers(call):
                return self._discovery.respond(call, request_parser.base_url(call))
            return await self._dispatch(call)
        except errors.Unauthenticated as exc:
            refused = self._refusal(call, exc)
            if site and site.challenge:
                refused.headers["www-authenticate"] = site.challenge
            return refused
        except errors.ApiError as exc:
            return self._refusal(call, exc)
        except (Disconnected, Dropped):
            raise
        except Exception as exc:  # noqa: BLE001 - our own error; the log has the traceback
            return self._internal_error(call, exc)

    def _internal_error(self, call: Call, exc: Exception) -> Response:
        self._log.fault(f"{call.method} {call.raw_path}", exc)
        return self._refusal(call, errors.Internal("Internal error encountered."))

    def _refusal(self, call: Call, error: errors.ApiError) -> Response:
        """The response that an error is, in the form of the method's API, or of the one that the path looks like."""
        api = None if call.is_known else self._apis.of_path(call.raw_path)
        return response_writer.refusal(error, api.error_body if api else call.error_body)

    def _site(self, path: str) -> Site | None:
        site = self._site_of.get(path[1:].partition("/")[0])
        return site if site and site.owns(path) else None

    async def _batched(self, call: Call) -> Response:
        """One call of a batch: it has its own line in the log."""
        began = time.perf_counter()
        response = await self.respond(call)
        self._calls.note(call.method, call.raw_path, response.status, began)
        return response

    async def _dispatch(self, call: Call) -> Response:
        await call.override()
        match = self._router.match(call.verb, call.raw_path, self._takes)
        if match is not None:
            api = self._apis.of_method(match.method)
            call.error_body = api.error_body
            answer = self._carry_out(match.method.id, call, lambda: self._answer(api, call, match))
            return await (api.write(call, match, answer) if api.write else answer)
        if unquote(call.raw_path[1:].partition("/")[0]) not in self._reserved:
            for api in self._apis.all:
                extra = api.extra_route(call)
                if extra:
                    call.error_body = api.error_body
                    return await extra.write(self._carry_out(extra.method, call, extra.answer))
        raise errors.NotFound(self._apis.of_path(call.raw_path).unknown_address)

    def _takes(self, match: Match) -> bool:
        return self._apis.of_method(match.method).takes(match)

    async def _carry_out(self, method: str, call: Call, answer: _Answer) -> Response:
        """Counts a call of a method, and answers it unless a quota or an injected fault prevents that."""
        call.method = method
        rule = self._admission.admit(method)
        try:
            return await (self._with_fault(rule, call, answer) if rule else answer())
        except disk_errors.FAILURES as exc:
            refusal = disk_errors.refusal(exc)
            if refusal is None:
                raise
            self._log.line(f"ERROR {method}: {refusal}")
            raise refusal from exc

    async def _with_fault(self, rule: Rule, call: Call, answer: _Answer) -> Response:
        if rule.asks("delay"):
            await asyncio.sleep(rule.value)
        if rule.asks("hold", "before"):
            await self._admission.faults.replaced()
        if rule.asks("drop", "before"):
            raise Dropped
        replacement = fault_responses.replacement(rule, call.error_body)
        if replacement:
            return replacement
        with faults.bending(rule):
            response = await answer()
        if rule.asks("hold", "after"):
            await self._admission.faults.replaced()
        if rule.asks("drop", "after"):
            raise Dropped
        if rule.asks("truncate"):
            call.limit = rule.value
        return response

    async def _answer(self, api: ApiRegistration, call: Call, match: Match) -> Response:
        method = match.method
        request = await request_parser.parse(call, match, parses_body=method.id not in api.raw_bodies)
        handler = api.handler_of.get(method.id)
        if handler is None:
            raise errors.MethodNotAllowed(
                f"The method {method.id} is not emulated; see docs/reference/emulator-methods.md."
            )
        mask = field_mask.parse(method, request.params["fields"]) if request.params.get("fields") else None
        if api.check:
            await api.check(request)
        response = await handler(request)
        if mask and response.status < 300:
            response.body = field_mask.apply(mask, response.body)
        if response.body is None and call.verb == "DELETE" and response.status == 200:
            response.status = 204
        return response


def _by_verb(tables: Sequence[Mapping[str, FastPath]]) -> dict[str, FastPath]:
    """One fast path for each verb."""
    found: dict[str, list[FastPath]] = {}
    for table in tables:
        for verb, take in table.items():
            found.setdefault(verb, []).append(take)
    return {verb: takes[0] if len(takes) == 1 else _first_of(takes) for verb, takes in found.items()}


def _first_of(takes: Sequence[FastPath]) -> FastPath:
    """A fast path that asks several, up to the first one that does not leave the request to others."""

    def take(exchange: Exchange) -> bool | None:
        return next((taken for each in takes if (taken := each(exchange)) is not False), False)

    return take
