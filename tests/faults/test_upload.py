"""A file that is sent in chunks, and a chunk or the beginning of it that goes wrong."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gcp import errors
from resources.storage.bucket import BucketProvider
from resources.storage.saved_model import SavedModelProvider
from resources.storage.transfer import uploads
from tests.emulator import saved_models
from tests.faults import rules
from tests.faults.stages import PATIENCE
from tests.kinds.world import World
from tests.providers import State, as_engine, retrying_for, saved_model_inputs
from tests.running import RunningEmulator

PASSING = ["unavailable", "internal", "dropped before", "dropped after", "truncated", "proxy error", "proxy page"]
LASTING = ["unavailable long", "dropped after long", "truncated long", "proxy page long", "denied"]
INSERT = "storage.objects.insert"
CALLS = 4
"""A small file, the beginning and the only chunk of a large one, the manifest."""
CELLS = [
    pytest.param(fault, before, marks=() if before == index % CALLS else pytest.mark.faults)
    for index, fault in enumerate(PASSING)
    for before in range(CALLS)
]


@pytest.fixture
def inputs(emulator: RunningEmulator, project: str, tmp_path: Path) -> Iterator[State]:
    """Of a SavedModel with one file that is sent in chunks, for a bucket that is there."""
    world = World(emulator, project, tmp_path)
    world.made(BucketProvider, {"project": project, "name": world.bucket})
    folder = saved_models.write(tmp_path / "large")
    (folder / "variables").mkdir()
    (folder / "variables/variables.data").write_bytes(b"x" * (uploads.RESUMABLE_ABOVE + 1))
    yield as_engine(saved_model_inputs(folder, world.bucket, "multiplier/one"))
    emulator.faults()


def _provider(emulator: RunningEmulator, project: str, folder: Path) -> SavedModelProvider:
    provider = World(emulator, project, folder / "again").provider(SavedModelProvider)
    assert isinstance(provider, SavedModelProvider)
    return provider


def _is_whole(provider: SavedModelProvider, inputs: State, outs: State | None) -> None:
    read = provider.read(provider.identity(inputs), dict(outs or {}))
    assert as_engine(read.inputs or {}) == inputs


@pytest.mark.parametrize(("fault", "before"), CELLS)
def test_it_is_sent_all_the_same(
    fault: str, before: int, emulator: RunningEmulator, project: str, inputs: State, tmp_path: Path
) -> None:
    """What passes is not seen, whichever call of the upload it meets after so many that go right."""
    provider = _provider(emulator, project, tmp_path)
    right = {"method": INSERT, "delay": 0, "times": before}
    emulator.faults(*([right] if before else []), {"method": INSERT, **rules.ALL[fault]})

    created = provider.create(dict(inputs))

    assert emulator.is_faulted()
    _is_whole(provider, inputs, created.outs)


@pytest.mark.parametrize("fault", LASTING)
def test_what_lasts_is_one_line_and_the_next_try_goes_on(
    fault: str, emulator: RunningEmulator, project: str, inputs: State, tmp_path: Path
) -> None:
    """Nothing looks whole before it is; afterwards nothing is there twice."""
    provider = _provider(emulator, project, tmp_path)
    retrying_for(provider, PATIENCE)
    emulator.faults({"method": INSERT, **rules.ALL[fault]})

    with pytest.raises(errors.Error) as caught:
        provider.create(dict(inputs))
    assert str(caught.value).startswith(f"create SavedModel {provider.identity(inputs)}: ")
    assert "\n" not in str(caught.value)
    assert INSERT in str(caught.value)
    read = provider.read(provider.identity(inputs), dict(inputs))
    assert read.id == "" or "manifest.json" in (read.outs or {})["missing"]

    emulator.faults()
    _is_whole(provider, inputs, provider.create(dict(inputs)).outs)
