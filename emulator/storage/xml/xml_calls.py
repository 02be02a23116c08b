"""The requests that the XML API answers."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass, replace
from urllib.parse import parse_qs, unquote

from emulator.rest import response_writer
from emulator.rest.http_call import Call
from emulator.rest.request import Response
from emulator.storage import customer_keys
from emulator.storage.object_store import ObjectStore
from emulator.storage.uploads.sessions import UploadSessions
from emulator.storage.xml import multipart_uploads, object_reads, signed_urls, xml_errors
from emulator.storage.xml.multipart_uploads import MultipartUploads
from gcp import errors
from resources.storage.rules import bucket_name_failure

_READS = ("GET", "HEAD")
_METHODS = {"GET": "storage.objects.get", "HEAD": "storage.objects.get", "DELETE": "storage.objects.delete"}
_SUBRESOURCES = frozenset({"acl", "legal-hold", "retention", "tagging", "uploadId", "uploads"})
"""Query parameters that request something other than the object's bytes."""


@dataclass(frozen=True, slots=True)
class Target:
    """What a request addresses: a bucket, the name of an object, and the parameters of the query."""

    bucket: str
    name: str
    query: dict[str, str]

    @property
    def is_multipart(self) -> bool:
        """Whether it is a request of a multipart upload."""
        return "uploads" in self.query or "uploadId" in self.query


def target(call: Call) -> Target | None:
    """Returns what a request addresses, `/BUCKET/OBJECT`; None if it is not a request of the XML API."""
    bucket, slash, name = call.raw_path[1:].partition("/")
    try:
        bucket, name = unquote(bucket, errors="strict"), unquote(name, errors="strict")
    except UnicodeDecodeError:
        return None
    if not slash or not name or bucket_name_failure(bucket):
        return None
    query = {key: values[-1] for key, values in parse_qs(call.query, keep_blank_values=True).items()}
    return Target(bucket, name, query)


def method(call: Call, target: Target) -> str:
    """Returns the id of the JSON API's method that a request counts as."""
    return multipart_uploads.METHOD if target.is_multipart else _METHODS.get(call.verb, multipart_uploads.METHOD)


class XmlCalls:
    """Answers the requests of the XML API.

    Args:
        objects: the buckets and objects.
        sessions: keeps multipart uploads between requests.
        loopback: whether the emulator listens on loopback only.
    """

    def __init__(self, objects: ObjectStore, sessions: UploadSessions, *, loopback: bool) -> None:
        self._objects, self._loopback = objects, loopback
        self._multipart_uploads = MultipartUploads(objects, sessions)

    async def respond(self, call: Call, target: Target) -> Response:
        """Returns the answer to a request. Raises `ApiError` and `XmlError`, which `in_xml` writes as XML."""
        signed_urls.check(target.query, self._objects.clock.now(), loopback=self._loopback)
        customer_keys.refuse_keys(call.headers)
        if self._objects.store.one("SELECT 1 FROM storage_buckets WHERE name = ?", target.bucket) is None:
            raise xml_errors.XmlError(404, "NoSuchBucket", "The specified bucket does not exist.")
        if multipart_uploads.is_one(call.verb, target.query):
            return await self._multipart_uploads.respond(call, target.bucket, target.name, target.query)
        if call.verb in _READS and _SUBRESOURCES.isdisjoint(target.query):
            return object_reads.read(self._objects, target.bucket, target.name, call.headers, target.query)
        raise errors.MethodNotAllowed(
            "This request of the XML API is not emulated. The emulator answers GET and HEAD of objects and multipart "
            "uploads; for everything else, use the JSON API."
        )


async def in_xml(call: Call, answer: Awaitable[Response]) -> Response:
    """Returns the same answer with its errors in XML: those of this API, and those that were injected."""
    try:
        response = await answer
    except (errors.ApiError, xml_errors.XmlError) as exc:
        async for _ in call.chunks():  # a client that is still sending would not read the answer
            pass
        if isinstance(exc, xml_errors.XmlError):
            return xml_errors.response(exc)
        response = response_writer.refusal(exc, call.error_body)
    if not isinstance(response.body, dict):
        return response
    translated = xml_errors.response(xml_errors.of_status(response.status, response.body["error"]["message"]))
    return replace(translated, headers={**response.headers, **translated.headers})
