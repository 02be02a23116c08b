"""Claims: which stacks use an artifact. A claim is an empty object outside the artifact's folder.

A claim's name is `.claims/PREFIX/STACK-RESOURCE`, with digests of the stack's identity and of the resource's type and
name. So a listing alone shows which claims are a stack's own, two resources of a stack have two claims, and a renamed
stack keeps its claims. The metadata contain the URN and the stack's `gcp:project`, by which a stack that lost its state
recognizes its claims. There are no secrets and no paths.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterable

from gcp import errors
from resources.engine import ownership
from resources.engine.provider import Call, State
from resources.storage.rules import CLAIMS
from resources.storage.transfer import parallel

_DIGITS = 16
_URN, _PROJECT = "urn", "project"


def name(inputs: State, urn: str) -> str:
    """The name of a SavedModel's claim; empty if it has no owner."""
    owner = inputs.get("owner")
    if not owner:
        return ""
    return f"{_folder(inputs['prefix'])}{_digest(owner)}-{_digest(ownership.declaration(urn))}"


def is_claim(name: str) -> bool:
    """Whether this is the name of a claim."""
    return name.startswith(CLAIMS)


def write(call: Call, inputs: State) -> bool:
    """Writes a SavedModel's claim; returns whether it already existed."""
    claim = name(inputs, call.urn)
    facts = {_URN: call.urn, **({_PROJECT: call.project} if call.project else {})}
    return bool(claim) and not parallel.put(call, inputs["bucket"], claim, b"", metadata=facts)


def hand_over(call: Call, olds: State, news: State) -> None:
    """Writes the new owner's claim, then deletes the old owner's, so that there is always one."""
    if name(olds, call.urn) != name(news, call.urn):
        write(call, news)
        drop(call, olds)


def drop(call: Call, inputs: State) -> None:
    """Deletes a SavedModel's claim, if it exists."""
    if claim := name(inputs, call.urn):
        request = call.methods("objects").delete(bucket=inputs["bucket"], object=claim)
        with contextlib.suppress(errors.NotFound):
            call.api.call(request, repeatable=True)


def take_over(call: Call, inputs: State) -> None:
    """Deletes claims with the same URN and project but another identity: this stack's, from before it lost its state.

    A stack of the same name and project on another backend looks the same, so a warning names each claim.
    """
    own = name(inputs, call.urn)
    lost = [item for item in of_artifact(call, inputs) if item["name"] != own and _is_ours(call, item)]
    if own and lost:
        names = ", ".join(item["name"] for item in lost)
        call.warn(
            f"taking over what {stacks(lost)} claimed under another identity: {names}. "
            "If there is a stack of that name on another backend too, run `pulumi refresh` and `pulumi up` in it "
            "before anything is deleted here, so that it claims its artifacts again"
        )
        parallel.delete_all(call, inputs["bucket"], lost, parallel.Progress(call, "taking over claims:", len(lost)))


def is_there(call: Call, inputs: State) -> bool:
    """Whether a SavedModel's claim is in the bucket."""
    own = name(inputs, call.urn)
    return any(item["name"] == own for item in of_artifact(call, inputs))


def of_artifact(call: Call, inputs: State) -> list[State]:
    """Every claim on one artifact: `objects.list`."""
    folder = _folder(inputs["prefix"])
    items = parallel.listed(call, inputs["bucket"], folder)
    return [item for item in items if "/" not in item["name"].removeprefix(folder)]


def of_others(call: Call, bucket: str, *owners: str | None) -> list[State]:
    """Every claim of other stacks in a bucket: `objects.list`. `owners` are this stack's identities."""
    own = tuple(f"{_digest(owner)}-" for owner in owners if owner)
    items = parallel.listed(call, bucket, CLAIMS)
    return [item for item in items if not item["name"].rpartition("/")[2].startswith(own)]


def stacks(claims: Iterable[State]) -> str:
    """The stacks that made these claims, for messages: `stack PROJECT/STACK`, each once."""
    names = {"/".join(reversed(_urn(item).removeprefix("urn:pulumi:").split("::")[:2])) for item in claims}
    known = sorted(names - {""})
    unknown = ["a stack without a name"] if "" in names else []
    return ", ".join([*(f"stack {each}" for each in known), *unknown])


def _folder(prefix: str) -> str:
    return f"{CLAIMS}{prefix}/"


def _is_ours(call: Call, item: State) -> bool:
    """Compares the URN, and the project if the claim has one; older claims do not."""
    project = (item.get("metadata") or {}).get(_PROJECT, call.project)
    return bool(call.urn) and _urn(item) == call.urn and project == call.project


def _urn(item: State) -> str:
    return str((item.get("metadata") or {}).get(_URN, ""))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]
