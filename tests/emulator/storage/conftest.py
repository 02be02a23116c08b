"""A Cloud Storage client of the shared emulator, and a bucket for each test."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.emulator.storage.support import client
from tests.running import RunningEmulator


@pytest.fixture
def endpoint(emulator: RunningEmulator) -> str:
    """`http://127.0.0.1:PORT`."""
    return emulator.endpoint


@pytest.fixture(scope="session")
def session_client(emulator: RunningEmulator) -> Iterator[Any]:
    """The real client, built once."""
    with client(emulator.endpoint) as service:
        yield service


@pytest.fixture
def storage(session_client: Any) -> Any:
    """The real client on a new connection: the server may have closed the last one while other tests ran."""
    session_client.close()
    return session_client


@pytest.fixture
def new_name() -> Callable[[], str]:
    """Returns bucket names that no other test uses."""
    return lambda: f"test-{secrets.token_hex(6)}"


@pytest.fixture
def bucket(storage: Any, new_name: Callable[[], str]) -> str:
    """The name of a new bucket of the project `p-one`."""
    name = new_name()
    storage.buckets().insert(project="p-one", body={"name": name}).execute()
    return name


@pytest.fixture
def blobs(emulator: RunningEmulator) -> Callable[[], set[Path]]:
    """Lists the files of objects that were made since the test began: other tests may still be removing theirs."""

    def there() -> set[Path]:
        return set((emulator.data / "objects").glob("??/*"))

    before = there()
    return lambda: there() - before
