"""Builds Cloud Storage from the store, the clock and a folder: its handlers, and what else answers its calls."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from emulator.core.clock import Clock
from emulator.core.store import Store
from emulator.storage import tables
from emulator.storage.blobs import BlobFolder
from emulator.storage.handlers.bucket_policies import BucketPolicies
from emulator.storage.handlers.buckets import Buckets
from emulator.storage.handlers.copies import Copies
from emulator.storage.handlers.object_listing import ObjectListing
from emulator.storage.handlers.objects import Objects
from emulator.storage.handlers.storage_layout import StorageLayout
from emulator.storage.object_store import ObjectStore
from emulator.storage.uploads.resumable import ResumableUploads
from emulator.storage.uploads.sessions import UploadSessions
from emulator.storage.uploads.single_request import ParseMetadata, Uploads
from emulator.storage.xml.xml_calls import XmlCalls

_CLASSES = (Buckets, BucketPolicies, Objects, ObjectListing, Copies, StorageLayout)

HANDLERS: tuple[type, ...] = (*_CLASSES, Uploads)
"""Classes whose public coroutine methods are handlers, named after the methods that they answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageApi:
    """Cloud Storage of one emulator.

    Attributes:
        objects: the buckets and objects; `ml` and batch jobs read and write them, too.
        handlers: one object of each class of `HANDLERS`.
        xml: answers the calls of the XML API.
    """

    objects: ObjectStore
    handlers: tuple[object, ...]
    xml: XmlCalls


def register(store: Store, clock: Clock, folder: Path, *, loopback: bool, parse_metadata: ParseMetadata) -> StorageApi:
    """Returns the API, ready to answer.

    It ends upload sessions older than a week, and removes the blobs that no row names: a process may have been killed
    after it wrote the bytes of an object and before it committed the row, or after it deleted the row.

    Args:
        store: gets the tables.
        clock: gives the times of buckets and objects.
        folder: holds the blobs; made if it does not exist.
        loopback: whether the emulator listens on loopback only.
        parse_metadata: parses the metadata of an upload, as the body of `storage.objects.insert`.
    """
    store.declare(tables.SCRIPT)
    folder.mkdir(parents=True, exist_ok=True)
    objects = ObjectStore(store, clock, BlobFolder(folder, store))
    sessions = UploadSessions(objects)
    sessions.end_old()
    objects.blobs.sweep()
    uploads = Uploads(objects, ResumableUploads(objects, sessions), parse_metadata)
    return StorageApi(
        objects=objects,
        handlers=(*(handler(objects) for handler in _CLASSES), uploads),
        xml=XmlCalls(objects, sessions, loopback=loopback),
    )
