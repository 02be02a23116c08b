"""Reads data files and holds them against their committed checksums."""

from __future__ import annotations

import gzip
import hashlib
import zlib
from pathlib import Path

from models.core.errors import DataError

FOLDER = Path(__file__).parent
SUMS = "SHA256SUMS"


def checksums(folder: Path = FOLDER) -> dict[str, str]:
    """The committed SHA-256 sums, by the name of the data.

    A sum covers the bytes that the recipe sees: of a compressed file, what is in it, whoever compressed it.

    Raises:
        DataError: the file SHA256SUMS is missing.
    """
    path = folder / SUMS
    if not path.is_file():
        raise DataError(f"{path}: not there; get it back with: git checkout -- models/data/{SUMS}")
    lines = path.read_text(encoding="utf-8").splitlines()
    return {name: digest for digest, name in (line.split(maxsplit=1) for line in lines if line.strip())}


def read(path: Path, name: str) -> bytes:
    """The bytes of a data file, decompressed where its name ends in `.gz`.

    Args:
        path: the file.
        name: what SHA256SUMS calls its content.

    Raises:
        DataError: the file is missing, cannot be decompressed, or is not what its checksum says.
    """
    try:
        content = path.read_bytes()
        content = gzip.decompress(content) if path.suffix == ".gz" else content
    except FileNotFoundError:
        raise DataError(f"{path}: not there; where it comes from: models/data/README.md") from None
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path}: cannot be read: {error}; get it again (models/data/README.md)") from error
    expected, found = checksums().get(name), hashlib.sha256(content).hexdigest()
    if found != expected:
        raise DataError(
            f"{path}: its SHA-256 is {found}, but models/data/{SUMS} says {expected} for {name}; "
            f"get the file again, or, if the change is meant, write its sum there"
        )
    return content
