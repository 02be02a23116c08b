"""Builds Cloud Storage from the store, the clock and a folder: its handlers, and what else answers its calls."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass
from functools import partial
from urllib.parse import parse_qs

from emulator.core.store import Store
from emulator.rest import discovery
from emulator.rest.api_registration import ApiRegistration, ExtraRoute
from emulator.rest.api_services import ApiServices
from emulator.rest.discovery import Method
from emulator.rest.error_body import with_reasons
from emulator.rest.http_call import Call
from emulator.rest.parsing import json_body
from emulator.rest.request import Request, Response
from emulator.rest.router import Match
from emulator.storage import customer_keys, downloads, tables
from emulator.storage.blobs import BlobFolder
from emulator.storage.fast_reads import SmallReads
from emulator.storage.handlers.bucket_policies import BucketPolicies
from emulator.storage.handlers.buckets import Buckets
from emulator.storage.handlers.copies import Copies
from emulator.storage.handlers.object_listing import ObjectListing
from emulator.storage.handlers.objects import Objects
from emulator.storage.handlers.storage_layout import StorageLayout
from emulator.storage.object_store import ObjectStore
from emulator.storage.uploads.resumable import ResumableUploads
from emulator.storage.uploads.sessions import UploadSessions
from emulator.storage.uploads.single_request import Uploads
from emulator.storage.xml import xml_calls
from emulator.storage.xml.xml_calls import XmlCalls

DOCUMENT = "storage.v1"
FOLDER = "objects"
"""In the data folder: the bytes of objects."""

_CLASSES = (Buckets, BucketPolicies, Objects, ObjectListing, Copies, StorageLayout)
HANDLERS: tuple[type, ...] = (*_CLASSES, Uploads)
"""Classes whose public coroutine methods are handlers, named after the methods that they answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageApi:
    """Cloud Storage of one emulator.

    Attributes:
        objects: the buckets and objects; `ml` and batch jobs read and write them, too.
        registration: answers calls.
    """

    objects: ObjectStore
    registration: ApiRegistration


def methods() -> list[Method]:
    """The methods of the API."""
    return discovery.methods(discovery.document(DOCUMENT), proto_json=False)


def register(services: ApiServices, *, loopback: bool) -> StorageApi:
    """Returns the API, ready to answer.

    It ends upload sessions older than a week, and removes the blobs that no row names: a process may have been killed
    after it wrote the bytes of an object and before it committed the row, or after it deleted the row.

    Args:
        services: what every API gets.
        loopback: whether the emulator listens on loopback only.
    """
    store, folder = services.store, services.data / FOLDER
    store.declare(tables.SCRIPT)
    folder.mkdir(parents=True, exist_ok=True)
    objects = ObjectStore(store, services.clock, BlobFolder(folder, store))
    sessions = UploadSessions(objects)
    sessions.end_old()
    objects.blobs.sweep()
    document = discovery.document(DOCUMENT)
    (insert,) = discovery.methods(document, proto_json=False, only={"storage.objects.insert"})
    uploads = Uploads(objects, ResumableUploads(objects, sessions), partial(json_body.parse, insert))
    xml = XmlCalls(objects, sessions, loopback=loopback)
    registration = ApiRegistration(
        document=document,
        handlers=(*(handler(objects) for handler in _CLASSES), uploads),
        proto_json=False,
        error_body=with_reasons,
        unknown_address="Not Found",
        owns=lambda path: "storage/v1" in path,
        check=_refuse_keys,
        write=_write,
        extra_route=partial(_xml_route, xml),
        fast_paths={"GET": _small_reads(objects, services).take},
        status=partial(_status, store),
    )
    return StorageApi(objects=objects, registration=registration)


def _small_reads(objects: ObjectStore, services: ApiServices) -> SmallReads:
    return SmallReads(
        objects,
        access=services.access,
        faults=services.admission.faults,
        admit=services.admission.admit,
        note=services.calls.note,
    )


async def _refuse_keys(request: Request) -> None:
    await customer_keys.refuse_keys_and_body(request.headers, request.chunks)


async def _write(call: Call, match: Match, answer: Awaitable[Response]) -> Response:
    gives_bytes = match.method.media and (match.download or "media" in parse_qs(call.query).get("alt", ()))
    return await (downloads.in_text(call, answer) if gives_bytes else answer)


def _xml_route(xml: XmlCalls, call: Call) -> ExtraRoute | None:
    target = xml_calls.target(call)
    if target is None:
        return None
    return ExtraRoute(
        method=xml_calls.method(call, target),
        answer=lambda: xml.respond(call, target),
        write=lambda answer: xml_calls.in_xml(call, answer),
    )


def _status(store: Store) -> dict[str, int]:
    counts = store.one(
        "SELECT (SELECT count(*) FROM storage_buckets) AS buckets,"
        " (SELECT count(*) FROM storage_objects WHERE deleted IS NULL) AS objects"
    )
    assert counts is not None
    return dict(counts)
