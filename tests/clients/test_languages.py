"""Cloud Storage clients in Go, Node and Java: the ways in which they differ from Python's."""

from __future__ import annotations

import secrets
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.clients.speaking import PROGRAMS, Program, Refused
from tests.running import BOUND, RunningEmulator

pytestmark = pytest.mark.faults

_CHUNK = 256 * 1024
_CONTENT = secrets.token_bytes(3 * _CHUNK + 5)
_RETRYING_SECONDS = 20
"""What a client that repeats a 5xx takes at least; one that takes 4xx for an answer is far below."""


@pytest.fixture(scope="module", params=PROGRAMS)
def client(request: pytest.FixtureRequest, emulator: RunningEmulator) -> Iterator[Program]:
    """The program of a language; the test is skipped where its tools are missing."""
    with Program(PROGRAMS[request.param](), emulator.endpoint) as program:
        yield program


@pytest.fixture
def place(client: Program, project: str) -> str:
    """A bucket that the client made."""
    client.ask("make-bucket", project, f"{project}-b")
    return f"{project}-b"


@pytest.fixture
def filled(client: Program, place: str, tmp_path: Path) -> str:
    """A bucket with an object `a/large` that the client wrote in chunks."""
    (tmp_path / "large").write_bytes(_CONTENT)
    client.ask("write", place, "a/large", str(tmp_path / "large"), str(_CHUNK))
    return place


def test_an_upload_in_chunks(emulator: RunningEmulator, filled: str) -> None:
    """The chunks become the file, whichever status the client wants between them."""
    found = emulator.storage().objects().get_media(bucket=filled, object="a/large").execute()

    assert found == _CONTENT


def test_reads(emulator: RunningEmulator, client: Program, filled: str) -> None:
    """Objects are read whole, in part and by generation; Go reads through the XML API."""
    generation = emulator.storage().objects().get(bucket=filled, object="a/large").execute()["generation"]

    assert client.read("read", filled, "a/large", "0", "-1") == _CONTENT
    assert client.read("read", filled, "a/large", "5", "10") == _CONTENT[5:15]
    assert client.read("read-if", filled, "a/large", generation) == _CONTENT
    with pytest.raises(Refused, match=r"412|404"):  # Node has no condition: it names the generation
        client.ask("read-if", filled, "a/large", "5")


def test_a_read_of_nothing(client: Program, place: str) -> None:
    """A missing object raises the client's own error, and returns no bytes."""
    with pytest.raises(Refused, match=r"object doesn't exist|No such object: .*/absent"):
        client.ask("read", place, "absent", "0", "-1")


def test_a_key_of_the_callers_own(client: Program, filled: str) -> None:
    """An object that is in the clear is not read with a key."""
    with pytest.raises(Refused, match="Customer-supplied encryption keys are not emulated"):
        client.ask("read-with-key", filled, "a/large")


def test_a_composition_has_no_type_of_its_own(emulator: RunningEmulator, client: Program, filled: str) -> None:
    """A composed object has no content type if the client gives none."""
    client.ask("compose", filled, "a/twice", "a/large", "a/large")

    found = emulator.storage().objects().get(bucket=filled, object="a/twice").execute()
    assert (found["size"], "contentType" in found) == (str(2 * len(_CONTENT)), False)


def test_what_keeps_an_object(client: Program, filled: str) -> None:
    """A hold and a retention configuration keep it; the client says which."""
    client.ask("hold", filled, "a/large", "on")
    with pytest.raises(Refused, match="is under active Temporary hold and cannot be deleted"):
        client.ask("delete", filled, "a/large")
    client.ask("hold", filled, "a/large", "off")
    client.ask("retain", filled, "a/large", "Locked")
    with pytest.raises(Refused, match="is subject to bucket's retention policy or object retention"):
        client.ask("delete", filled, "a/large")


def test_names_by_a_pattern(client: Program, filled: str) -> None:
    """`**/` also matches no folder."""
    client.ask("compose", filled, "large", "a/large", "a/large")

    assert client.ask("list", filled, "**/large") == ["a/large", "large"]


def test_empty_lists(client: Program, place: str, project: str) -> None:
    """Lists of resources that cannot be created here are empty."""
    assert (client.ask("notifications", place), client.ask("hmac", project)) == (0, 0)


def test_what_is_not_emulated_is_said_at_once(client: Program, project: str) -> None:
    """The client gives up, and shows the method and where to look."""
    began = time.monotonic()
    with pytest.raises(Refused, match=r"The method storage\.projects\.hmacKeys\.create is not emulated; see docs"):
        client.ask("make-hmac", project)

    assert time.monotonic() - began < _RETRYING_SECONDS


@pytest.mark.parametrize("version", ["V2", "V4"])
def test_signed_urls(client: Program, filled: str, tmp_path: Path, version: str) -> None:
    """A URL that the client signs returns the bytes; an incomplete or expired one does not."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (tmp_path / "key.pem").write_bytes(key.private_bytes(*form))

    def fetched(url: str) -> bytes:
        with urllib.request.urlopen(url, timeout=BOUND) as answer:  # noqa: S310 - loopback
            content: bytes = answer.read()
            return content

    url = client.ask("sign", filled, "a/large", version, "600", str(tmp_path / "key.pem"))
    url = url.replace("https://", "http://")  # Go's V2 knows no other
    assert fetched(url) == _CONTENT
    with pytest.raises(urllib.error.HTTPError, match="400"):
        fetched(url.replace("Signature=", "Signed="))
    with pytest.raises(urllib.error.HTTPError, match="400"):
        fetched(_expired(url, version))


def _expired(url: str, version: str) -> str:
    """The same URL, expired."""
    stale = {"V2": ("Expires=", "Expires=1000000000&was="), "V4": ("X-Goog-Date=", "X-Goog-Date=20240506T070809Z&was=")}
    return url.replace(*stale[version])
