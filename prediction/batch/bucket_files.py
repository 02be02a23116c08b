"""Uploads and downloads of files in pieces, so that no file is in memory as a whole."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from gcp import errors
from gcp.api import Api
from resources.storage.rules import split_uri
from resources.storage.service import STORAGE
from resources.storage.transfer import uploads

_PIECE = 8 << 20


def upload(api: Api, path: Path, uri: str) -> None:
    """Uploads a file to an object: `storage.objects.insert`, resumable if it is large."""
    from googleapiclient.http import MediaFileUpload

    bucket, name = split_uri(uri)
    resumable = path.stat().st_size > _PIECE
    media = MediaFileUpload(str(path), mimetype="application/octet-stream", chunksize=_PIECE, resumable=resumable)
    request = api.methods(STORAGE, "objects").insert(bucket=bucket, name=name, media_body=media)
    with contextlib.closing(media.stream()):
        if not resumable:
            api.call(request, repeatable=True)
            return
        body = None
        while body is None:
            _, body = api.call(uploads.Chunk(request), repeatable=True)


def write_empty(api: Api, uri: str) -> None:
    """Writes an object without content: `storage.objects.insert`."""
    from googleapiclient.http import MediaInMemoryUpload

    bucket, name = split_uri(uri)
    media = MediaInMemoryUpload(b"", mimetype="application/octet-stream")
    api.call(api.methods(STORAGE, "objects").insert(bucket=bucket, name=name, media_body=media), repeatable=True)


def listed(api: Api, uri: str) -> Iterator[dict[str, Any]]:
    """The objects whose URI starts with `uri`, sorted by name: `storage.objects.list`."""
    bucket, prefix = split_uri(uri)
    return api.listed(api.methods(STORAGE, "objects"), "items", bucket=bucket, prefix=prefix)


def download(api: Api, items: Iterable[dict[str, Any]], path: Path) -> None:
    """Downloads objects into one file, one after the other. The file gets its name when it is complete."""
    partial = path.with_name(f".{path.name}.part")
    try:
        with partial.open("wb") as file:
            for item in items:
                for start in range(0, int(item["size"]), _PIECE):
                    request = api.methods(STORAGE, "objects").get_media(bucket=item["bucket"], object=item["name"])
                    request.headers["range"] = f"bytes={start}-{start + _PIECE - 1}"
                    file.write(api.call(request))
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def delete(api: Api, uri: str) -> None:
    """Deletes every object whose URI starts with `uri`: `storage.objects.delete`."""
    for item in list(listed(api, uri)):
        with contextlib.suppress(errors.NotFound):
            request = api.methods(STORAGE, "objects").delete(bucket=item["bucket"], object=item["name"])
            api.call(request, repeatable=True)
