"""The folder that an artifact is uploaded from: found and compared with the declaration before anything is sent."""

from __future__ import annotations

import base64
import json
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from artifact_format import signatures
from artifact_format.manifest import FORMAT, MANIFEST
from resources.deploy_errors import ArtifactError
from resources.engine.provider import Call, State
from resources.storage import processor_builds
from resources.storage.transfer import parallel, uploads

BLOCK = 2**18


class Folder:
    """An artifact on this machine."""

    def __init__(self, path: Path, inputs: State) -> None:
        self._path, self._inputs = path, inputs

    def verify(self, call: Call, files: Mapping[str, State]) -> None:
        """Raises `ArtifactError` unless every file exists, is a regular file, and is as declared."""
        del call
        processor_builds.refuse_another(self._path, self._inputs)
        verify(self._path, files)

    def send(self, call: Call, places: Mapping[str, int]) -> None:
        """Uploads files. Each replaces exactly the given generation."""
        files_to_send = [
            self._upload(self._path / name, name, parallel.facts(self._inputs["files"][name]), replaces)
            for name, replaces in sorted(places.items())
        ]
        uploads.upload_all(call, self._inputs["bucket"], files_to_send)

    def send_manifest(self, call: Call) -> None:
        """Uploads the manifest."""
        file = self._path / MANIFEST
        if file.is_file():
            facts = {"size": _size(self._path, MANIFEST), "crc32c": _crc32c(file)}
            upload = self._upload(file, MANIFEST, facts, 0)
        else:
            import google_crc32c

            content = manifest(self._inputs)
            facts = {"size": len(content), "crc32c": _encoded(google_crc32c.value(content))}
            upload = self._upload(content, MANIFEST, facts, 0)
        uploads.upload_all(call, self._inputs["bucket"], [upload])

    def _upload(self, file: Path | bytes, name: str, facts: State, replaces: int) -> uploads.Upload:
        return uploads.Upload(file=file, name=f"{self._inputs['prefix']}/{name}", replaces=replaces, **facts)


def find(inputs: State) -> Folder:
    """The folder with the files. Raises `ArtifactError` if there is none on this machine."""
    source, elsewhere = inputs.get("source"), inputs.get("artifactSource")
    if not source or not Path(source).is_dir():
        places = ["in the bucket", *([f"in gs://{elsewhere} (artifactSource)"] if elsewhere else [])]
        raise ArtifactError(
            f"its files are neither {' nor '.join(places)} nor in {source or 'a build'} on this machine: {_way(inputs)}"
        )
    return Folder(Path(source), inputs)


def _way(inputs: State) -> str:
    """How to get the files of an artifact onto this machine."""
    source = "set artifactSource to a bucket that has them"
    if inputs.get("recipe"):
        return f"run `python -m models build`, or {source}"
    pushed = f"{source} (`python -m models push NAME --to gs://BUCKET`, on a machine that has them, puts them there)"
    if inputs.get("inputDigest"):  # from a Keras file, whose export on this machine would differ
        return pushed
    return f"import the SavedModel on this machine (`python -m models import PATH --name NAME`), or {pushed}"


def verify(folder: Path, files: Mapping[str, State]) -> None:
    """Raises `ArtifactError` unless every file exists, is a regular file, and has the declared length and checksum."""
    for name, facts in files.items():  # before any file is read, which takes long for gigabytes
        size = _size(folder, name)
        if size != facts["size"]:
            mismatch = f"{folder}/{name}: expected {facts['size']} bytes, got {size}"
            raise ArtifactError(f"{mismatch}: {uploads.AGAIN}")

    def check(name: str) -> None:
        found = _crc32c(folder / name)
        if found != files[name]["crc32c"]:
            raise ArtifactError(
                f"{folder}/{name}: expected crc32c {files[name]['crc32c']}, got {found}: {uploads.AGAIN}"
            )

    for name, facts in files.items():
        if facts["size"] <= BLOCK:  # read before a thread would have started
            check(name)
    parallel.each([name for name, facts in files.items() if facts["size"] > BLOCK], check)


def manifest(inputs: State) -> bytes:
    """The manifest of an imported SavedModel, made from its inputs."""
    names = ("contentDigest", "tensorflow", "signatures", "metrics", "size", "files")
    facts = {
        "format": FORMAT,
        "recipe": None,
        "samples": [],
        **{name: inputs[name] for name in names if name in inputs},
    }
    if "signatures" in facts:
        facts["signatures"] = {name: _structured(parts) for name, parts in facts["signatures"].items()}
    return json.dumps(facts, sort_keys=True).encode()


def _structured(signature: Any) -> Any:
    """A signature by dtype and shape. Unknown forms are kept."""
    try:
        return signatures.structured(signature)
    except (AttributeError, ValueError):
        return signature


def _crc32c(file: Path) -> str:
    try:
        return crc32c(file)
    except OSError as error:
        raise uploads.unreadable(file, error) from None


def _size(folder: Path, name: str) -> int:
    """A regular file's size in bytes."""
    path = str(folder)
    try:
        status = os.lstat(path)
        for part in name.split("/"):
            path = f"{path}/{part}"
            status = os.lstat(path)
            if stat.S_ISLNK(status.st_mode):
                raise ArtifactError(f"{folder}/{name} is a link or in a linked folder: only regular files are uploaded")
    except FileNotFoundError:
        raise ArtifactError(f"{folder} is incomplete: {name} is missing; {uploads.AGAIN}") from None
    except OSError as error:
        raise uploads.unreadable(folder / name, error) from None
    if not stat.S_ISREG(status.st_mode):
        raise ArtifactError(f"{folder}/{name} is not a regular file; {uploads.AGAIN}")
    return status.st_size


def crc32c(file: Path) -> str:
    """A file's CRC32C as Cloud Storage writes it: base64 of four bytes, big-endian."""
    import google_crc32c

    value = 0
    with file.open("rb") as stream:
        while block := stream.read(BLOCK):
            value = google_crc32c.extend(value, block)
    return _encoded(value)


def _encoded(value: int) -> str:
    return base64.b64encode(value.to_bytes(4, "big")).decode()
