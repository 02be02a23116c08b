"""Errors about builds of one recipe that differ because of the processor, with the ways to deploy either build."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from artifact_format.manifest import MANIFEST, facts_in
from resources.deploy_errors import ArtifactError
from resources.storage import rules


def refuse_another(folder: Path, inputs: Mapping[str, Any]) -> None:
    """Raises `ArtifactError` if there is a complete build of the declared inputs whose content is not the declared."""
    recipe, digest, declared = (inputs.get(name) for name in ("recipe", "inputDigest", "contentDigest"))
    here = facts_in(folder / MANIFEST)  # empty if it is unreadable: then each file is compared
    content = here.get("contentDigest")
    if not recipe or not digest or not content or here.get("inputDigest") != digest or content == declared:
        return
    pin = f"{recipe}@{digest}"
    raise ArtifactError(
        f"{folder}: expected content {declared}, as in its card, got {content}: another processor built the carded "
        "one. Floating-point results differ between processors, so a rebuild does not help. To deploy the carded "
        f"build, set artifactSource to a bucket that has it (`python -m models push {pin}-{declared} --to gs://BUCKET` "
        "on the machine that built it). To deploy this build, set allowRebuild: true on a local stack, or give it a "
        f"second card with `python -m models build {pin} --recard` and set artifact: {pin}-{content}"
    )


def with_ways(refusal: str, before: str, wanted: str, declared: Iterable[Mapping[str, Any]]) -> str:
    """The refusal of a changed artifact. For another build of the same recipe, adds the cause and how to keep the old.

    The cause comes first, and each way is on a line of its own.

    Args:
        refusal: the usual text.
        before: `gs://BUCKET/RECIPE/CONTENT_DIGEST/` of the deployed artifact.
        wanted: that of the declared artifact.
        declared: inputs of everything that the program declares, including SavedModels.
    """
    for inputs in declared:
        named = all(inputs.get(key) for key in ("bucket", "prefix", "recipe", "inputDigest"))
        if not named or rules.folder_uri(inputs) != wanted:
            continue
        recipe, pin = inputs["recipe"], f"{inputs['recipe']}@{inputs['inputDigest']}"
        start, _, content = before.removesuffix("/").rpartition("/")
        if not start.endswith(f"/{recipe}"):
            break
        cause = f"The deployed content is {content}, the declared one {inputs.get('contentDigest')} of {pin}"
        return "\n".join((f"{cause}.", f"{refusal}.", "To keep what is deployed:", *_ways(before, pin, content)))
    return refusal


def _ways(before: str, pin: str, content: str) -> Iterator[str]:
    """How to keep the deployed content, one way per line."""
    yield "- Pin its card, if `python -m models list` shows one with this content."
    place = f"build/{pin.replace('@', '/')}"
    unchanged = "If the recipe is unchanged, another processor built it"
    yield f"- {unchanged}. With allowRebuild: true, copy {before} to {place}."
    card = f"`python -m models build {pin} --recard`, after that copy or where it was built"
    yield f"- Or write its card: {card}; then declare artifact: {pin}-{content}."
