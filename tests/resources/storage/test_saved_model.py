"""Sending a SavedModel: what is checked before the first byte, what is sent, and what is not sent again."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from resources.deploy_errors import ArtifactError
from resources.storage.bucket import BucketProvider
from resources.storage.saved_model import SavedModelProvider
from resources.storage.transfer import uploads
from tests.emulator import saved_models
from tests.providers import State, as_engine, configured, saved_model_inputs
from tests.running import RunningEmulator

PREFIX = "multiplier/one"


@pytest.fixture
def bucket(emulator: RunningEmulator, project: str) -> str:
    """A bucket that is there."""
    name = f"{project}-models"
    configured(BucketProvider, emulator.endpoint).create({"project": project, "name": name})
    return name


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A SavedModel of several files."""
    folder = saved_models.write(tmp_path / "model")
    (folder / "variables").mkdir()
    for number in range(5):
        (folder / "variables" / f"part-{number}").write_bytes(os.urandom(100 + number))
    return folder


@pytest.fixture
def provider(emulator: RunningEmulator) -> Any:
    """The provider, as the engine runs it."""
    return configured(SavedModelProvider, emulator.endpoint)


def objects(emulator: RunningEmulator, bucket: str) -> dict[str, State]:
    """What is in the bucket, by name."""
    items = emulator.storage().objects().list(bucket=bucket).execute().get("items", [])
    return {item["name"]: item for item in items}


def test_every_file_arrives_and_the_manifest_is_the_last(
    provider: Any, emulator: RunningEmulator, bucket: str, folder: Path
) -> None:
    """What looks whole is whole: the manifest is only there when all else is."""
    inputs = saved_model_inputs(folder, bucket, PREFIX)

    created = provider.create(as_engine(inputs))

    found = objects(emulator, bucket)
    assert created.id == created.outs["uri"] == f"gs://{bucket}/{PREFIX}/"
    assert set(found) == {f"{PREFIX}/{name}" for name in [*inputs["files"], "manifest.json"]}
    last = max(found.values(), key=lambda item: int(item["generation"]))
    assert last["name"] == f"{PREFIX}/manifest.json"
    assert all(found[f"{PREFIX}/{name}"]["crc32c"] == facts["crc32c"] for name, facts in inputs["files"].items())


@pytest.mark.parametrize(
    ("given", "written"),
    [
        (
            {"inputs": {"x": "float32[?, 5]", "n": "int64[]"}, "outputs": {"y": "string[...]"}},
            {
                "inputs": {"x": {"dtype": "float32", "shape": [None, 5]}, "n": {"dtype": "int64", "shape": []}},
                "outputs": {"y": {"dtype": "string", "shape": None}},
            },
        ),
        ({"inputs": {"x": "a vector"}}, {"inputs": {"x": "a vector"}}),
        ("a text", "a text"),
    ],
    ids=["display", "not a tensor", "not a signature"],
)
def test_a_manifest_holds_signatures_by_dtype_and_shape(
    provider: Any, emulator: RunningEmulator, bucket: str, folder: Path, given: Any, written: Any
) -> None:
    """The manifest of a SavedModel made elsewhere has the form of a recipe's; the resource keeps the display form."""
    inputs = as_engine(saved_model_inputs(folder, bucket, PREFIX, signatures={"serving_default": given}))

    created = provider.create(dict(inputs))

    get = emulator.storage().objects().get_media(bucket=bucket, object=f"{PREFIX}/manifest.json")
    assert json.loads(get.execute())["signatures"] == {"serving_default": written}
    assert created.outs["signatures"] == {"serving_default": given}


def test_the_same_content_is_never_sent_twice(
    provider: Any, emulator: RunningEmulator, bucket: str, folder: Path
) -> None:
    """A second stack, or a second try, finds what is there by its checksums; the bytes need not even be here."""
    inputs = as_engine(saved_model_inputs(folder, bucket, PREFIX))
    provider.create(dict(inputs))
    emulator.reset_calls()

    provider.create({**inputs, "source": "not/here"})

    assert emulator.calls() == {"storage.objects.list": 1}


def test_what_was_broken_off_is_finished(provider: Any, emulator: RunningEmulator, bucket: str, folder: Path) -> None:
    """Only the files that are missing are sent, and then the manifest."""
    inputs = as_engine(saved_model_inputs(folder, bucket, PREFIX))
    provider.create(dict(inputs))
    for name in ("manifest.json", "variables/part-1"):
        emulator.storage().objects().delete(bucket=bucket, object=f"{PREFIX}/{name}").execute()
    assert provider.read("", {**inputs}).outs["missing"] == ["manifest.json", "variables/part-1"]
    emulator.reset_calls()

    provider.create(dict(inputs))

    assert emulator.calls()["storage.objects.insert"] == 2
    assert len(objects(emulator, bucket)) == 7


def test_bytes_of_others_are_not_overwritten(
    provider: Any, emulator: RunningEmulator, bucket: str, folder: Path
) -> None:
    """An object that holds other bytes under the artifact's name is an error that names it."""
    inputs = as_engine(saved_model_inputs(folder, bucket, PREFIX))
    provider.create(dict(inputs))
    (folder / "variables" / "part-2").write_bytes(b"other")
    other = as_engine(saved_model_inputs(folder, bucket, PREFIX))

    with pytest.raises(ArtifactError, match=r"part-2 differs"):
        provider.create(other)


def test_a_large_file_goes_in_chunks(
    provider: Any, emulator: RunningEmulator, bucket: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Above the bound the upload is resumable: more than one request, no more memory than a chunk."""
    monkeypatch.setattr(uploads, "RESUMABLE_ABOVE", 2**18)
    monkeypatch.setattr(uploads, "CHUNK", 2**18)
    (folder / "variables" / "large").write_bytes(os.urandom(5 * 2**18 + 7))
    inputs = saved_model_inputs(folder, bucket, PREFIX)
    emulator.reset_calls()

    provider.create(as_engine(inputs))

    large = objects(emulator, bucket)[f"{PREFIX}/variables/large"]
    assert large["crc32c"] == inputs["files"]["variables/large"]["crc32c"]
    assert emulator.calls()["storage.objects.insert"] >= 7 + 6


def test_files_changed_outside_are_put_back(
    provider: Any, emulator: RunningEmulator, bucket: str, folder: Path
) -> None:
    """Refresh tells which are missing; the update sends exactly those."""
    inputs = as_engine(saved_model_inputs(folder, bucket, PREFIX))
    created = provider.create(dict(inputs))
    emulator.storage().objects().delete(bucket=bucket, object=f"{PREFIX}/variables/part-3").execute()

    read = provider.read(created.id, as_engine(created.outs))
    assert "variables/part-3" not in read.outs["files"]
    assert provider.diff(created.id, as_engine(read.outs), inputs).changes
    updated = provider.update(created.id, as_engine(read.outs), inputs)

    assert as_engine(updated.outs)["files"] == inputs["files"]


def _gone(folder: Path) -> None:
    (folder / "variables" / "part-0").unlink()


def _altered(folder: Path) -> None:
    (folder / "variables" / "part-0").write_bytes(b"x" * 100)


def _linked(folder: Path) -> None:
    file = folder / "variables" / "part-0"
    file.rename(folder.parent / "elsewhere")
    file.symlink_to(folder.parent / "elsewhere")


def _linked_folder(folder: Path) -> None:
    (folder / "variables").rename(folder.parent / "elsewhere")
    (folder / "variables").symlink_to(folder.parent / "elsewhere")


def _pipe(folder: Path) -> None:
    (folder / "variables" / "part-0").unlink()
    os.mkfifo(folder / "variables" / "part-0")


def _moved(folder: Path) -> None:
    folder.rename(folder.parent / "elsewhere")


BROKEN = [
    (_gone, r"is incomplete: variables/part-0 is missing"),
    (_altered, r"part-0: expected crc32c .*, got "),
    (_linked, r"part-0 is a link or in a linked folder"),
    (_linked_folder, r"part-\d is a link or in a linked folder"),
    (_pipe, r"part-0 is not a regular file"),
    (_moved, r"are neither in the bucket nor in .* on this machine: import"),
]


@pytest.mark.parametrize(("damage", "reason"), BROKEN, ids=[damage.__name__ for damage, _ in BROKEN])
def test_nothing_is_sent_of_a_broken_folder(
    provider: Any, emulator: RunningEmulator, bucket: str, folder: Path, damage: Any, reason: str
) -> None:
    """Every file is held against what was declared before the first byte goes."""
    inputs = as_engine(saved_model_inputs(folder, bucket, PREFIX))
    damage(folder)

    with pytest.raises(ArtifactError, match=reason):
        provider.create(inputs)

    assert objects(emulator, bucket) == {}


@pytest.mark.parametrize(
    ("edit", "reason"),
    [
        ({"sizeLimit": 100}, r"at most 100 bytes for its versions' machines"),
        ({"files": {f"f{number}": {"size": 1, "crc32c": "x"} for number in range(1001)}}, r"no saved_model.pb"),
    ],
    ids=["size", "files"],
)
def test_the_apis_limits_hold_before_the_first_byte(
    provider: Any, emulator: RunningEmulator, bucket: str, folder: Path, edit: State, reason: str
) -> None:
    """More than the machines take is refused here, not after an hour of upload."""
    with pytest.raises(ArtifactError, match=reason):
        provider.create(as_engine({**saved_model_inputs(folder, bucket, PREFIX), **edit}))

    assert objects(emulator, bucket) == {}
