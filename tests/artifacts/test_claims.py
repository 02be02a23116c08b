"""An artifact exists as long as a stack claims it."""

from __future__ import annotations

from typing import Any

import pytest
from googleapiclient.http import MediaInMemoryUpload

from gcp import errors
from resources.deploy_errors import ArtifactError
from tests.artifacts.conftest import ALL_FILES, PREFIX, Shared
from tests.providers import Request, as_engine, call_as


def test_the_artifact_is_deleted_with_its_last_claim(shared: Shared) -> None:
    """The stack that is destroyed first deletes only its own claim."""
    one, two = shared.stack("one"), shared.stack("two")
    one.create()
    two.create()
    assert (shared.claims(), shared.files()) == (2, ALL_FILES)

    one.delete()
    assert two.is_complete()
    assert shared.files() == ALL_FILES

    two.delete()
    assert shared.names() == set()


def test_a_claim_is_outside_the_artifact_and_names_only_the_stack(shared: Shared) -> None:
    """A version copies the artifact's folder, so the claim is not in it. It holds the URN but not the identity."""
    stack = shared.stack("one")
    stack.create()

    [claim] = shared.emulator.storage().objects().list(bucket=shared.bucket, prefix=".claims/").execute()["items"]
    assert (claim["size"], claim["metadata"]) == ("0", {"urn": stack.urn})
    assert claim["name"].startswith(f".claims/{PREFIX}/")
    assert "token" not in claim["name"]


def test_two_resources_of_one_stack_do_not_share_a_claim(shared: Shared) -> None:
    """With a new logical name a SavedModel is created again before the old one is deleted; the bytes stay."""
    old, new = shared.stack("one"), shared.stack("one")
    new.urn = f"{new.urn}-renamed"
    old.create()
    new.create()

    old.delete()

    assert new.is_complete()


def test_a_renamed_stack_keeps_its_claim(shared: Shared) -> None:
    """`pulumi stack rename` changes the URN, but the claim is still found."""
    stack = shared.stack("one")
    stack.create()
    stack.urn = stack.urn.replace(":one:", ":renamed:")

    assert stack.is_complete()
    stack.delete()
    assert shared.names() == set()


def test_a_lost_claim_is_found_and_restored(shared: Shared) -> None:
    """A refresh notices it, and the next `up` writes the claim."""
    stack = shared.stack("one")
    stack.create()
    [claim] = [name for name in shared.names() if name.startswith(".claims/")]
    shared.remove(claim)

    read = stack.call("read", "", dict(stack.inputs))
    assert "owner" not in read.outs
    olds = as_engine(read.outs)
    assert stack.provider.diff("", olds, stack.inputs).changes
    stack.call("update", "", olds, dict(stack.inputs))

    assert shared.claims() == 1
    assert stack.is_complete()


def test_a_state_without_an_owner_gets_a_claim(shared: Shared) -> None:
    """An artifact deployed before claims existed stays, and the next `up` claims it without an upload."""
    stack = shared.stack("one")
    before = {name: value for name, value in stack.inputs.items() if name != "owner"}
    created = stack.call("create", before)
    assert shared.claims() == 0
    shared.emulator.reset_calls()

    updated = stack.call("update", created.id, as_engine(created.outs), dict(stack.inputs))

    assert shared.emulator.calls() == {"storage.objects.insert": 1, "storage.objects.list": 3}
    assert shared.claims() == 1
    assert stack.provider.diff("", as_engine(updated.outs), stack.inputs).changes is False


def test_a_failed_upload_leaves_no_claim(shared: Shared) -> None:
    """The user may declare another artifact next."""
    stack = shared.stack("one", source="not/here")

    with pytest.raises(ArtifactError, match=r"its files are neither in the bucket nor in not/here"):
        stack.create()

    assert shared.names() == set()


@pytest.mark.parametrize(
    ("name", "adopt", "left"),
    [("one", True, 0), ("one", False, 1), ("two", True, 1)],
    ids=["its own, with adopt", "its own, without adopt", "another stack's"],
)
def test_a_stack_that_lost_its_state_takes_over_its_claim(shared: Shared, name: str, adopt: bool, left: int) -> None:
    """With `adopt`, the claim of the same stack with its old identity is deleted; every other claim stays."""
    shared.stack(name, identity="lost").create()
    again = shared.stack("one", identity="new", adopt=adopt)
    again.create()
    assert shared.claims() == 1 + left
    assert again.is_complete()

    again.delete()

    assert shared.claims() == left
    assert shared.files() == (ALL_FILES if left else set())


@pytest.mark.parametrize(("lost", "left"), [("a", 0), ("b", 1), ("", 0)], ids=["its own", "another", "unknown"])
def test_a_claim_of_another_project_is_not_taken_over(shared: Shared, lost: str, left: int) -> None:
    """Stacks with the same name on two backends have equal URNs and differ by project; old claims have no project."""
    other = shared.stack("one", identity="lost").of_project(lost)
    other.create()
    stack = shared.stack("one", identity="new", adopt=True).of_project("a")
    stack.create()
    assert shared.claims() == 1 + left

    stack.delete()
    shared.bucket_provider.delete("", shared.bucket_inputs(owner="new", forceDestroy=True))

    buckets = shared.emulator.storage().buckets().list(project=shared.project).execute().get("items", [])
    assert len(buckets) == left
    if left:
        assert other.is_complete()


@pytest.mark.parametrize("force", [False, True])
def test_a_bucket_that_other_stacks_use_stays(shared: Shared, force: bool) -> None:
    """Its deletion succeeds but changes nothing, with `forceDestroy` too; the other stack keeps it in its state."""
    other = shared.stack("other")
    other.create()
    before = shared.names()

    shared.bucket_provider.delete("", shared.bucket_inputs(owner="mine", forceDestroy=force))

    assert shared.names() == before
    assert other.is_complete()


@pytest.mark.parametrize("force", [False, True])
def test_a_bucket_that_other_stacks_use_is_not_replaced(shared: Shared, force: bool) -> None:
    """If the program still declares the bucket, its deletion fails: the engine could not create it again."""
    other, inputs = shared.stack("other"), shared.bucket_inputs(owner="mine", forceDestroy=force)
    other.create()
    before = shared.names()
    again = Request(f"urn:pulumi:mine::p::pulumi-python:dynamic/storage:Bucket::{shared.bucket}")
    call_as(again, shared.bucket_provider.check, inputs, {**inputs, "location": "EU", "allowDowntime": True})

    with pytest.raises(errors.FailedPrecondition, match=r"is used by stack tf2-models/other\. .*state untaint"):
        call_as(again, shared.bucket_provider.delete, "", inputs)

    assert shared.names() == before
    assert other.is_complete()


@pytest.mark.parametrize("versioning", [False, True])
def test_leftover_claims_do_not_keep_the_bucket(shared: Shared, versioning: bool) -> None:
    """This stack's claims left by a kill, and their noncurrent generations, are deleted with the bucket."""
    owner = "token of one"
    inputs: Any = shared.bucket_inputs(owner=owner, versioning={"enabled": versioning})
    shared.bucket_provider.update("", shared.bucket_inputs(owner=owner), inputs)
    insert = shared.emulator.storage().objects().insert
    stack = shared.stack("one")
    stack.create()
    [claim] = [name for name in shared.names() if name.startswith(".claims/")]
    stack.delete()
    insert(bucket=shared.bucket, name=claim, media_body=MediaInMemoryUpload(b"")).execute()
    for item in shared.emulator.storage().objects().list(bucket=shared.bucket, versions=True).execute()["items"]:
        if not item["name"].startswith(".claims/"):
            request = (
                shared.emulator.storage()
                .objects()
                .delete(bucket=shared.bucket, object=item["name"], generation=item["generation"])
            )
            request.execute()

    shared.bucket_provider.delete("", inputs)

    listed = shared.emulator.storage().buckets().list(project=shared.project).execute()
    assert "items" not in listed


def test_a_bucket_with_other_objects_is_not_deleted(shared: Shared) -> None:
    """The error names the objects, but not the claims."""
    stack = shared.stack("one")
    stack.create()

    with pytest.raises(errors.FailedPrecondition, match=rf"it contains {PREFIX}/manifest.json, {PREFIX}/notes.txt, "):
        shared.bucket_provider.delete("", shared.bucket_inputs(owner="token of one"))

    assert stack.is_complete()


def test_an_artifact_cannot_be_among_the_claims(shared: Shared) -> None:
    """A prefix inside the folder of the claims is refused before anything is registered."""
    inputs = shared.stack("one").inputs
    schema = type(shared.stack("one").provider).schema

    assert [path for path, _ in schema.failures({**inputs, "prefix": ".claims/x"})] == ["prefix"]
    assert list(schema.failures(inputs)) == []
