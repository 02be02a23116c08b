"""Fixtures for other clients of the APIs: each calls the shared emulator, in its own project and bucket."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from google.auth import credentials
from google.cloud import storage

from tests.clients.gcloud import Gcloud
from tests.running import RunningEmulator


@pytest.fixture
def bucket(emulator: RunningEmulator, project: str) -> str:
    """The name of a new bucket of the test's project."""
    emulator.storage().buckets().insert(project=project, body={"name": f"{project}-b"}).execute()
    return f"{project}-b"


@pytest.fixture(scope="session")
def gcloud_home(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The folder of gcloud's settings, shared by the tests of one worker; the user's settings are not used."""
    return tmp_path_factory.mktemp("gcloud")


@pytest.fixture
def gcloud(emulator: RunningEmulator, project: str, gcloud_home: Any) -> Gcloud:
    """The `gcloud` command; the test is skipped if it is not installed."""
    return Gcloud.for_emulator(emulator.endpoint, project, gcloud_home)


@pytest.fixture
def client(emulator: RunningEmulator, project: str) -> Iterator[Any]:
    """google-cloud-storage in the test's project."""
    nobody = credentials.AnonymousCredentials()  # type: ignore[no-untyped-call]  # the package has no annotations
    made = storage.Client(project=project, credentials=nobody, client_options={"api_endpoint": emulator.endpoint})
    yield made
    made.close()


@pytest.fixture
def made(client: Any, project: str) -> Any:
    """A bucket that google-cloud-storage made."""
    return client.create_bucket(f"{project}-gcs", location="us-central1")
