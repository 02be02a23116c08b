"""How other parts of the emulator read objects."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from emulator.app import Emulator
from emulator.settings import Settings
from gcp import errors
from tests.emulator.storage.support import client, crc32c, data
from tests.running import RunningEmulator

_NAMES = ["m/1/saved_model.pb", "m/1/variables/v", "m/10/saved_model.pb", "n"]


@pytest.fixture
def opened(emulator_factory: Callable[..., RunningEmulator]) -> Iterator[Emulator]:
    """The emulator's state on a folder to which objects were uploaded."""
    running = emulator_factory()
    with client(running.endpoint) as storage:
        storage.buckets().insert(project="p-one", body={"name": "models-bucket"}).execute()
        for name in [*_NAMES, "m/1/gone"]:
            storage.objects().insert(bucket="models-bucket", name=name, media_body=data(name.encode())).execute()
        storage.objects().delete(bucket="models-bucket", object="m/1/gone").execute()
    running.stop()
    emulator = Emulator(running.data, Settings())
    yield emulator
    asyncio.run(emulator.stop())


@pytest.mark.parametrize(("prefix", "names"), [("m/1/", _NAMES[:2]), ("m/1", _NAMES[:3]), ("", _NAMES), ("x", [])])
def test_objects_under_a_prefix(opened: Emulator, prefix: str, names: list[str]) -> None:
    """The live objects under a prefix are listed by name, with size, checksum and file."""
    found = opened.storage.objects.under("models-bucket", prefix)

    assert [item.name for item in found] == names
    assert [Path(item.file).read_bytes() for item in found] == [name.encode() for name in names]
    assert [(item.size, item.crc32c) for item in found] == [(len(name), crc32c(name.encode())) for name in names]


def test_an_absent_bucket(opened: Emulator) -> None:
    """Reading from a bucket that does not exist raises NotFound."""
    with pytest.raises(errors.NotFound):
        opened.storage.objects.under("absent-bucket", "")
