"""An artifact lasts as long as a stack claims it."""

from __future__ import annotations

from typing import Any

import pytest
from googleapiclient.http import MediaInMemoryUpload

from gcp import errors
from resources.deploy_errors import ArtifactError
from tests.artifacts.conftest import PREFIX, WHOLE, Shared
from tests.providers import Request, as_engine, call_as


def test_the_bytes_go_with_the_last_claim(shared: Shared) -> None:
    """Whoever is destroyed first takes only its own claim."""
    one, two = shared.stack("one"), shared.stack("two")
    one.create()
    two.create()
    assert (shared.claims(), shared.files()) == (2, WHOLE)

    one.delete()
    assert two.is_served()
    assert shared.files() == WHOLE

    two.delete()
    assert shared.names() == set()


def test_a_claim_lies_beside_the_artifact_and_tells_the_stack_alone(shared: Shared) -> None:
    """A version copies the artifact's folder: the claim is not in it. It holds the URN and no identity."""
    stack = shared.stack("one")
    stack.create()

    [claim] = shared.emulator.storage().objects().list(bucket=shared.bucket, prefix=".claims/").execute()["items"]
    assert (claim["size"], claim["metadata"]) == ("0", {"urn": stack.urn})
    assert claim["name"].startswith(f".claims/{PREFIX}/")
    assert "token" not in claim["name"]


def test_two_resources_of_one_stack_do_not_share_a_claim(shared: Shared) -> None:
    """A SavedModel that is given another logical name is made anew and then deleted: the bytes stay."""
    old, new = shared.stack("one"), shared.stack("one")
    new.urn = f"{new.urn}-renamed"
    old.create()
    new.create()

    old.delete()

    assert new.is_served()


def test_a_stack_that_is_renamed_keeps_its_claim(shared: Shared) -> None:
    """`pulumi stack rename` changes the URN, and the claim is found all the same."""
    stack = shared.stack("one")
    stack.create()
    stack.urn = stack.urn.replace(":one:", ":renamed:")

    assert stack.is_served()
    stack.delete()
    assert shared.names() == set()


def test_a_lost_claim_is_seen_and_put_back(shared: Shared) -> None:
    """Refresh tells, the next `up` writes it."""
    stack = shared.stack("one")
    stack.create()
    [claim] = [name for name in shared.names() if name.startswith(".claims/")]
    shared.remove(claim)

    read = stack.ask("read", "", dict(stack.inputs))
    assert "owner" not in read.outs
    olds = as_engine(read.outs)
    assert stack.provider.diff("", olds, stack.inputs).changes
    stack.ask("update", "", olds, dict(stack.inputs))

    assert shared.claims() == 1
    assert stack.is_served()


def test_a_state_without_an_owner_is_given_a_claim(shared: Shared) -> None:
    """What was deployed before there were claims goes on, and the next `up` claims it without sending a byte."""
    stack = shared.stack("one")
    before = {name: value for name, value in stack.inputs.items() if name != "owner"}
    created = stack.ask("create", before)
    assert shared.claims() == 0
    shared.emulator.reset_calls()

    updated = stack.ask("update", created.id, as_engine(created.outs), dict(stack.inputs))

    assert shared.emulator.calls() == {"storage.objects.insert": 1, "storage.objects.list": 3}
    assert shared.claims() == 1
    assert stack.provider.diff("", as_engine(updated.outs), stack.inputs).changes is False


def test_what_cannot_be_sent_leaves_no_claim(shared: Shared) -> None:
    """A refused artifact is changed by its user, perhaps to another one."""
    stack = shared.stack("one", source="not/here")

    with pytest.raises(ArtifactError, match=r"its bytes are neither in the bucket nor in not/here"):
        stack.create()

    assert shared.names() == set()


@pytest.mark.parametrize(
    ("name", "adopt", "left"),
    [("one", True, 0), ("one", False, 1), ("two", True, 1)],
    ids=["its own, with adopt", "its own, without", "another's"],
)
def test_a_stack_that_lost_its_state_takes_its_claim_over(shared: Shared, name: str, adopt: bool, left: int) -> None:
    """With `adopt`, the claim of the same stack under its old identity goes; every other one stays."""
    shared.stack(name, identity="lost").create()
    again = shared.stack("one", identity="new", adopt=adopt)
    again.create()
    assert shared.claims() == 1 + left
    assert again.is_served()

    again.delete()

    assert shared.claims() == left
    assert shared.files() == (WHOLE if left else set())


@pytest.mark.parametrize(("lost", "left"), [("a", 0), ("b", 1), ("", 0)], ids=["its own", "another's", "not said"])
def test_a_claim_of_another_project_is_not_taken_over(shared: Shared, lost: str, left: int) -> None:
    """Stacks named alike on two backends have equal URNs: the project tells them apart. Old claims say none."""
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
        assert other.is_served()


@pytest.mark.parametrize("force", [False, True])
def test_a_bucket_that_others_use_stays(shared: Shared, force: bool) -> None:
    """Its deletion succeeds and changes nothing, with `forceDestroy` too: the other stack has it in its state."""
    other = shared.stack("other")
    other.create()
    before = shared.names()

    shared.bucket_provider.delete("", shared.bucket_inputs(owner="mine", forceDestroy=force))

    assert shared.names() == before
    assert other.is_served()


@pytest.mark.parametrize("force", [False, True])
def test_a_bucket_that_others_use_is_not_made_again(shared: Shared, force: bool) -> None:
    """The engine checks what a program declares: what it deletes of that, it would make again, and could not."""
    other, inputs = shared.stack("other"), shared.bucket_inputs(owner="mine", forceDestroy=force)
    other.create()
    before = shared.names()
    again = Request(f"urn:pulumi:mine::p::pulumi-python:dynamic/storage:Bucket::{shared.bucket}")
    call_as(again, shared.bucket_provider.check, inputs, {**inputs, "location": "EU", "allowDowntime": True})

    with pytest.raises(errors.FailedPrecondition, match=r"is used by stack tf2-models/other\. .*state untaint"):
        call_as(again, shared.bucket_provider.delete, "", inputs)

    assert shared.names() == before
    assert other.is_served()


@pytest.mark.parametrize("versioning", [False, True])
def test_leftovers_of_claims_keep_no_bucket(shared: Shared, versioning: bool) -> None:
    """What a kill left of this stack's own claims, and their noncurrent generations, go with the bucket."""
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


def test_a_bucket_with_more_than_claims_is_refused_as_before(shared: Shared) -> None:
    """What is in it is named; the claims are no part of it."""
    stack = shared.stack("one")
    stack.create()

    with pytest.raises(errors.FailedPrecondition, match=rf"it holds {PREFIX}/manifest.json, {PREFIX}/notes.txt, "):
        shared.bucket_provider.delete("", shared.bucket_inputs(owner="token of one"))

    assert stack.is_served()


def test_no_artifact_lies_among_the_claims(shared: Shared) -> None:
    """A prefix of a program's own that would is refused before anything is registered."""
    inputs = shared.stack("one").inputs
    schema = type(shared.stack("one").provider).schema

    assert [path for path, _ in schema.failures({**inputs, "prefix": ".claims/x"})] == ["prefix"]
    assert list(schema.failures(inputs)) == []
