"""Reads a SavedModel folder as bytes: its files, checksums and content digest, and whether it is complete."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from artifact_format.manifest import MANIFEST, facts_in
from models.artifacts.input_digest import DIGITS
from models.core.errors import FolderError, ModelsError
from models.saved_model import variables
from models.saved_model.file_listing import Listing, Sizes, list_plain, unreadable

GRAPH = "saved_model.pb"
_CHUNK = 1 << 20
_MOST_GRAPH_BYTES = 1 << 31
"""The limit of a protocol-buffer message."""
_MOST_MANIFEST_BYTES = 1 << 26
"""A larger manifest is not read."""
_VARIABLE_OPERATIONS = (b"VarHandleOp", b"VariableV2")

Files = dict[str, dict[str, Any]]


class Content(NamedTuple):
    """The files of a SavedModel, without its manifest.

    Attributes:
        digest: the content digest, 16 hexadecimal digits.
        size: of all files, in bytes.
        files: by POSIX path, `size` in bytes and `crc32c` in the form of Cloud Storage.
        left_out: files in the folder that are left out because of their names.
    """

    digest: str
    size: int
    files: Files
    left_out: list[str]


def list_files(folder: Path) -> Listing:
    """The files of a complete SavedModel, without the manifest and junk, except for junk that the manifest lists.

    Raises:
        FolderError: the folder is missing or incomplete, or has files that cannot be uploaded.
    """
    found = list_plain(folder, _declared(folder))
    found.sizes.pop(MANIFEST, None)
    _check_whole(folder, found.sizes)
    return found


def _declared(folder: Path) -> Collection[str]:
    """The files that a manifest in the folder lists. If they include junk, it is part of the content digest."""
    manifest = folder / MANIFEST
    try:
        if manifest.stat().st_size > _MOST_MANIFEST_BYTES:
            return ()
    except OSError:
        return ()  # reported when the manifest itself is read
    files = facts_in(manifest).get("files")
    return files if isinstance(files, dict) else ()


def read_graph_file(folder: Path) -> bytes:
    """The bytes of `saved_model.pb`. Raises `FolderError` if it cannot be read."""
    try:
        return (folder / GRAPH).read_bytes()
    except OSError as error:
        raise unreadable(folder / GRAPH, error) from None


def read_content(folder: Path) -> Content:
    """The checksums and the content digest of a complete SavedModel.

    Raises:
        FolderError: see `list_files`.
        ModelsError: the package google-crc32c is not installed.
    """
    files: Files = {}
    lines = []
    found = list_files(folder)
    for name in found.sizes:
        size, sha256, crc32c = _checksums(folder / name)
        files[name] = {"size": size, "crc32c": crc32c}
        lines.append(f"{name}\0{size}\0{sha256}\n")
    digest = hashlib.sha256("".join(lines).encode()).hexdigest()[:DIGITS]
    return Content(digest, sum(file["size"] for file in files.values()), files, found.left_out)


def _check_whole(folder: Path, files: Sizes) -> None:
    """Raises `FolderError` for an incomplete SavedModel, such as a killed exporter leaves."""
    if (folder / GRAPH).is_dir():
        raise FolderError(f"{folder / GRAPH}: must be a file; it is a folder. Export the SavedModel again")
    if GRAPH not in files:
        text = f"; {GRAPH}txt, its text form, must be converted to the binary form: see docs/reference/artifacts.md"
        hint = text if f"{GRAPH}txt" in files else ""
        raise FolderError(f"{folder}: has no {GRAPH}, so it is not a SavedModel{hint}")
    if not 0 < files[GRAPH] < _MOST_GRAPH_BYTES:
        raise FolderError(f"{folder / GRAPH}: is not a graph: it has {files[GRAPH]} bytes; export it again")
    temporary = [name for name in files if name.startswith("variables/") and "temp" in name]
    if temporary:
        raise FolderError(
            f"{folder}: is incomplete: {temporary[0]} is a temporary file of the exporter; export it again"
        )
    graph = b"" if variables.check(folder, files) else read_graph_file(folder)
    if any(operation in graph for operation in _VARIABLE_OPERATIONS):
        raise FolderError(
            f"{folder}: is incomplete: the graph has variables, but {variables.INDEX} is missing; export it again"
        )


def crc32c(path: Path) -> str:
    """The CRC32C of a file in the form of Cloud Storage. Raises `FolderError` if it cannot be read."""
    checksum = _crc32c()
    for chunk in _chunks(path):
        checksum.update(chunk)
    return _text(checksum)


def sha256(path: Path) -> str:
    """The SHA-256 of a file in hexadecimal. Raises `FolderError` if it cannot be read."""
    return _checksums(path)[1]


def _checksums(path: Path) -> tuple[int, str, str]:
    """The size in bytes, the SHA-256 in hexadecimal, and the CRC32C in the form of Cloud Storage."""
    size, sha256, checksum = 0, hashlib.sha256(), _crc32c()
    for chunk in _chunks(path):
        size += len(chunk)
        sha256.update(chunk)
        checksum.update(chunk)
    return size, sha256.hexdigest(), _text(checksum)


def _crc32c() -> Any:
    """A CRC32C that was not updated with any bytes."""
    try:
        import google_crc32c
    except ImportError:
        raise ModelsError("the package google-crc32c is not installed; run: pip install -r requirements.txt") from None
    return google_crc32c.Checksum()  # type: ignore[no-untyped-call]  # the package has no annotations


def _text(checksum: Any) -> str:
    """Base64 of four bytes, big-endian."""
    return base64.b64encode(checksum.digest()).decode()


def _chunks(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                yield chunk
    except OSError as error:
        raise unreadable(path, error) from None
