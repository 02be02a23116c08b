"""`gcloud`, unmodified."""

from __future__ import annotations

import json
import secrets
from pathlib import Path
from typing import Any

import pytest

from tests.clients.gcloud import Gcloud
from tests.emulator import saved_models
from tests.emulator.ml.caller import until


def _tree(folder: Path) -> Path:
    (folder / "sub").mkdir(parents=True)
    (folder / "a.txt").write_bytes(b"one")
    (folder / "sub" / "b.txt").write_bytes(b"two")
    return folder


def _contents(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_a_folder_is_uploaded_and_downloaded(gcloud: Gcloud, bucket: str, tmp_path: Path) -> None:
    """`cp -r` keeps names and bytes both ways, and `rm -r` deletes the bucket too."""
    tree = _tree(tmp_path / "tree")
    (tmp_path / "back").mkdir()

    gcloud.run("storage", "cp", "-r", str(tree), f"gs://{bucket}")
    gcloud.run("storage", "cp", "-r", f"gs://{bucket}/tree", str(tmp_path / "back"))

    assert _contents(tmp_path / "back" / "tree") == _contents(tree)
    gcloud.run("storage", "rm", "-r", f"gs://{bucket}")
    assert gcloud.json("storage", "buckets", "list") == []


@pytest.mark.tensorflow
def test_a_model_is_deployed_and_predicts(gcloud: Gcloud, bucket: str, tmp_path: Path) -> None:
    """A local SavedModel is staged and deployed."""
    folder = saved_models.write(tmp_path / "model")
    (tmp_path / "request.json").write_text(json.dumps({"instances": [1.0, 2.0]}))
    deployed = ("--runtime-version=2.11", "--python-version=3.7", "--machine-type=n1-standard-2")

    gcloud.run("ai-platform", "models", "create", "m")
    staged = (f"--origin={folder}", f"--staging-bucket=gs://{bucket}")
    gcloud.run("ai-platform", "versions", "create", "v1", "--model=m", *staged, *deployed)
    answer = gcloud.json("ai-platform", "predict", "--model=m", f"--json-request={tmp_path / 'request.json'}")

    assert answer == {"predictions": [{"y": 2.0}, {"y": 4.0}]}


@pytest.mark.faults
@pytest.mark.parametrize("size", [9_000_001, 160 * 2**20])
def test_large_files_are_uploaded_and_downloaded(gcloud: Gcloud, bucket: str, tmp_path: Path, size: int) -> None:
    """Above 8 MB an upload is resumable; above 100 MB it has parts, which are composed and then deleted."""
    (tmp_path / "large").write_bytes(secrets.token_bytes(1 << 20) * (size >> 20) + bytes(size % (1 << 20)))

    gcloud.run("storage", "cp", str(tmp_path / "large"), f"gs://{bucket}/large")
    gcloud.run("storage", "cp", f"gs://{bucket}/large", str(tmp_path / "back"))

    assert (tmp_path / "back").read_bytes() == (tmp_path / "large").read_bytes()
    assert gcloud.run("storage", "ls", f"gs://{bucket}/**").split() == [f"gs://{bucket}/large"]


@pytest.mark.faults
def test_the_commands_for_objects_work(gcloud: Gcloud, bucket: str, tmp_path: Path) -> None:
    """These are ls, cat, mv, rsync, compose, describe, update and rm."""
    place = f"gs://{bucket}"
    gcloud.run("storage", "rsync", "-r", str(_tree(tmp_path / "tree")), place)

    assert gcloud.run("storage", "cat", f"{place}/a.txt") == "one"
    assert gcloud.run("storage", "ls", place).split() == [f"{place}/a.txt", f"{place}/sub/"]
    assert "TOTAL: 2 objects, 6 bytes" in gcloud.run("storage", "ls", "-l", f"{place}/**")
    gcloud.run("storage", "objects", "compose", f"{place}/a.txt", f"{place}/sub/b.txt", f"{place}/ab")
    assert gcloud.run("storage", "cat", "-r", "2-3", f"{place}/ab") == "et"
    gcloud.run("storage", "mv", f"{place}/sub", f"{place}/moved")
    gcloud.run("storage", "objects", "update", f"{place}/ab", "--content-type=text/x", "--update-custom-metadata=k=v")
    described = gcloud.json("storage", "objects", "describe", f"{place}/ab")
    assert (described["content_type"], described["custom_fields"]["k"], described["size"]) == ("text/x", "v", 6)
    gcloud.run("storage", "rm", f"{place}/ab", f"{place}/moved/**")
    gcloud.run("storage", "rsync", "-r", "--delete-unmatched-destination-objects", place, str(tmp_path / "tree"))
    assert _contents(tmp_path / "tree") == {"a.txt": b"one"}


@pytest.mark.faults
def test_the_commands_for_buckets_work(gcloud: Gcloud, project: str) -> None:
    """These are create, describe, update, delete, and those for policies and the service agent."""
    place = f"gs://{project}-made"
    gcloud.run("storage", "buckets", "create", place, "--location=us-central1", "--uniform-bucket-level-access")
    gcloud.run("storage", "buckets", "update", place, "--update-labels=a=b", "--versioning")

    described = gcloud.json("storage", "buckets", "describe", place)
    assert (described["location"], described["labels"], described["versioning_enabled"]) == (
        "US-CENTRAL1",
        {"a": "b"},
        True,
    )
    binding = ("--member=allUsers", "--role=roles/storage.objectViewer")
    policy = gcloud.json("storage", "buckets", "add-iam-policy-binding", place, *binding)
    assert {"role": "roles/storage.objectViewer", "members": ["allUsers"]} in policy["bindings"]
    assert "@gs-project-accounts." in gcloud.run("storage", "service-agent")
    gcloud.run("storage", "buckets", "delete", place)
    assert gcloud.json("storage", "buckets", "list") == []


@pytest.mark.faults
@pytest.mark.tensorflow
def test_the_commands_for_models_work(gcloud: Gcloud, bucket: str, tmp_path: Path) -> None:
    """These are list, describe, update, set-default, operations, predict and delete."""
    folder = saved_models.write(tmp_path / "model")
    instances = tmp_path / "instances"
    instances.write_text("1.0\n2.0\n")
    staged = ("--model=m", f"--origin={folder}", f"--staging-bucket=gs://{bucket}", "--runtime-version=2.11")
    ai = ("ai-platform",)
    gcloud.run(*ai, "models", "create", "m", "--labels=a=b")
    for name in ("v1", "v2"):
        gcloud.run(*ai, "versions", "create", name, *staged, "--python-version=3.7", "--machine-type=n1-standard-2")
    gcloud.run(*ai, "models", "update", "m", "--description=d", "--update-labels=c=d")
    gcloud.run(*ai, "versions", "update", "v1", "--model=m", "--description=d")
    gcloud.run(*ai, "versions", "set-default", "v2", "--model=m")

    model = gcloud.json(*ai, "models", "describe", "m")
    assert (model["description"], model["labels"]) == ("d", {"a": "b", "c": "d"})
    assert model["defaultVersion"]["name"].endswith("/v2")
    assert [item["description"] for item in gcloud.json(*ai, "versions", "list", "--model=m", "--filter=name:v1")] == [
        "d"
    ]
    operation = gcloud.json(*ai, "operations", "list")[0]["name"].rpartition("/")[2]
    gcloud.run(*ai, "operations", "wait", operation)
    gcloud.run(*ai, "operations", "cancel", operation)
    assert gcloud.json(*ai, "operations", "describe", operation)["done"] is True
    predict = (*ai, "predict", "--model=m", "--version=v1")
    assert gcloud.json(*predict, f"--json-instances={instances}") == {"predictions": [{"y": 2.0}, {"y": 4.0}]}
    assert "error" in gcloud.json(*predict, f"--text-instances={instances}")  # strings instead of floats
    for name in ("v1", "v2"):
        gcloud.run(*ai, "versions", "delete", name, "--model=m")
    gcloud.run(*ai, "models", "delete", "m")
    assert gcloud.json(*ai, "models", "list") == []


@pytest.mark.faults
def test_unusual_names_are_kept(gcloud: Gcloud, bucket: str, tmp_path: Path) -> None:
    """A name that looks like a path or an option is stored and listed unchanged."""
    (tmp_path / "content").write_bytes(b"content")
    names = ["../../f", "x", "x/y", "a\\..\\b", "%2e%2e%2f", "\U0001f600", "a b#c&d", "'; DROP TABLE", "..."]

    for name in names:
        gcloud.run("storage", "cp", str(tmp_path / "content"), f"gs://{bucket}/{name}")

    listed = gcloud.json("storage", "objects", "list", f"gs://{bucket}/**")
    assert sorted(item["name"] for item in listed) == sorted(names)
    assert gcloud.run("storage", "cat", f"gs://{bucket}/../../f") == "content"


@pytest.mark.tensorflow
def test_a_batch_prediction_job_runs(gcloud: Gcloud, bucket: str, tmp_path: Path) -> None:
    """It is submitted, described, listed and labelled; its results are read; once finished it cannot be cancelled."""
    (tmp_path / "rows.json").write_text("1\n2\n")
    gcloud.run("storage", "cp", str(saved_models.write(tmp_path / "x") / "saved_model.pb"), f"gs://{bucket}/x/")
    gcloud.run("storage", "cp", str(tmp_path / "rows.json"), f"gs://{bucket}/in/")
    job = (f"--model-dir=gs://{bucket}/x", "--data-format=text", "--region=us-central1", "--runtime-version=2.11")
    paths = (f"--input-paths=gs://{bucket}/in/*", f"--output-path=gs://{bucket}/out/")

    more = ("--batch-size=8", "--max-worker-count=2", "--signature-name=serving_default", "--labels=team=a")
    gcloud.run("ai-platform", "jobs", "submit", "prediction", "first", *job, *paths, *more)

    def described() -> Any:
        found = gcloud.json("ai-platform", "jobs", "describe", "first")
        return found if found["state"] in ("SUCCEEDED", "FAILED") else None

    assert until(described, "the end of the job")["state"] == "SUCCEEDED"
    assert [each["jobId"] for each in gcloud.json("ai-platform", "jobs", "list", "--filter=jobId:fir*")] == ["first"]
    gcloud.run("ai-platform", "jobs", "update", "first", "--update-labels=team=b")
    found = gcloud.json("ai-platform", "jobs", "describe", "first")
    assert (found["labels"], found["predictionInput"]["batchSize"]) == ({"team": "b"}, "8")
    assert gcloud.run("storage", "cat", f"gs://{bucket}/out/prediction.results-*") == '{"y":2.0}\n{"y":4.0}\n'
    with pytest.raises(AssertionError, match="cannot be cancelled"):
        gcloud.run("ai-platform", "jobs", "cancel", "first")
