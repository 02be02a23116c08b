"""Cloud Storage clients in Go, Node and Java, where they differ from Python's."""

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

from tests.clients.speaking import PROGRAMS, ClientError, Program
from tests.running import BOUND, RunningEmulator

pytestmark = pytest.mark.faults

_CHUNK = 256 * 1024
_CONTENT = secrets.token_bytes(3 * _CHUNK + 5)
_RETRYING_SECONDS = 20
"""The least time of a client that retries a 5xx; one that gives up at a 4xx is much faster."""


@pytest.fixture(scope="module", params=PROGRAMS)
def client(request: pytest.FixtureRequest, emulator: RunningEmulator) -> Iterator[Program]:
    """The program of a language; the test is skipped if its tools are missing."""
    with Program(PROGRAMS[request.param](), emulator.endpoint) as program:
        yield program


@pytest.fixture
def place(client: Program, project: str) -> str:
    """A bucket that the client made."""
    client.run("make-bucket", project, f"{project}-b")
    return f"{project}-b"


@pytest.fixture
def filled(client: Program, place: str, tmp_path: Path) -> str:
    """A bucket with an object `a/large` that the client wrote in chunks."""
    (tmp_path / "large").write_bytes(_CONTENT)
    client.run("write", place, "a/large", str(tmp_path / "large"), str(_CHUNK))
    return place


def test_chunks_become_one_object(emulator: RunningEmulator, filled: str) -> None:
    """This holds for either status that clients expect between two chunks."""
    found = emulator.storage().objects().get_media(bucket=filled, object="a/large").execute()

    assert found == _CONTENT


def test_objects_are_read_whole_in_part_and_by_generation(
    emulator: RunningEmulator, client: Program, filled: str
) -> None:
    """Go reads through the XML API."""
    generation = emulator.storage().objects().get(bucket=filled, object="a/large").execute()["generation"]

    assert client.read("read", filled, "a/large", "0", "-1") == _CONTENT
    assert client.read("read", filled, "a/large", "5", "10") == _CONTENT[5:15]
    assert client.read("read-if", filled, "a/large", generation) == _CONTENT
    with pytest.raises(ClientError, match=r"412|404"):  # Node sends no condition, but the generation
        client.run("read-if", filled, "a/large", "5")


def test_reading_a_missing_object_is_an_error(client: Program, place: str) -> None:
    """The client raises its own error and returns no bytes."""
    with pytest.raises(ClientError, match=r"object doesn't exist|No such object: .*/absent"):
        client.run("read", place, "absent", "0", "-1")


def test_an_encryption_key_is_refused(client: Program, filled: str) -> None:
    """An unencrypted object cannot be read with a customer-supplied key."""
    with pytest.raises(ClientError, match="Customer-supplied encryption keys are not emulated"):
        client.run("read-with-key", filled, "a/large")


def test_a_composed_object_has_no_content_type(emulator: RunningEmulator, client: Program, filled: str) -> None:
    """It has none if the client gives none."""
    client.run("compose", filled, "a/twice", "a/large", "a/large")

    found = emulator.storage().objects().get(bucket=filled, object="a/twice").execute()
    assert (found["size"], "contentType" in found) == (str(2 * len(_CONTENT)), False)


def test_holds_and_retention_protect_an_object(client: Program, filled: str) -> None:
    """The client's error says which of the two applies."""
    client.run("hold", filled, "a/large", "on")
    with pytest.raises(ClientError, match="is under active Temporary hold and cannot be deleted"):
        client.run("delete", filled, "a/large")
    client.run("hold", filled, "a/large", "off")
    client.run("retain", filled, "a/large", "Locked")
    with pytest.raises(ClientError, match="is subject to bucket's retention policy or object retention"):
        client.run("delete", filled, "a/large")


def test_a_pattern_matches_names_in_no_folder(client: Program, filled: str) -> None:
    """`**/` also matches the empty path."""
    client.run("compose", filled, "large", "a/large", "a/large")

    assert client.run("list", filled, "**/large") == ["a/large", "large"]


def test_lists_of_unsupported_resources_are_empty(client: Program, place: str, project: str) -> None:
    """The emulator has no notifications and no HMAC keys."""
    assert (client.run("notifications", place), client.run("hmac", project)) == (0, 0)


def test_a_call_that_is_not_emulated_fails_at_once(client: Program, project: str) -> None:
    """The client does not retry; its error names the method and the page of the docs."""
    began = time.monotonic()
    with pytest.raises(ClientError, match=r"The method storage\.projects\.hmacKeys\.create is not emulated; see docs"):
        client.run("make-hmac", project)

    assert time.monotonic() - began < _RETRYING_SECONDS


@pytest.mark.parametrize("version", ["V2", "V4"])
def test_signed_urls_are_read(client: Program, filled: str, tmp_path: Path, version: str) -> None:
    """A URL that the client signs returns the bytes; an incomplete or expired one does not."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (tmp_path / "key.pem").write_bytes(key.private_bytes(*form))

    def fetched(url: str) -> bytes:
        with urllib.request.urlopen(url, timeout=BOUND) as answer:  # noqa: S310 - loopback
            content: bytes = answer.read()
            return content

    url = client.run("sign", filled, "a/large", version, "600", str(tmp_path / "key.pem"))
    url = url.replace("https://", "http://")  # Go's V2 knows no other
    assert fetched(url) == _CONTENT
    with pytest.raises(urllib.error.HTTPError, match="400"):
        fetched(url.replace("Signature=", "Signed="))
    with pytest.raises(urllib.error.HTTPError, match="400"):
        fetched(_expired(url, version))


def _expired(url: str, version: str) -> str:
    """An expired form of a signed URL."""
    stale = {"V2": ("Expires=", "Expires=1000000000&was="), "V4": ("X-Goog-Date=", "X-Goog-Date=20240506T070809Z&was=")}
    return url.replace(*stale[version])
