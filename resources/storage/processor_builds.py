"""Builds of one recipe on two processors have different bytes: errors that say how to deploy each of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from artifact_format.manifest import MANIFEST, facts_in
from resources.deploy_errors import ArtifactError
from resources.storage import rules


def refuse_another(folder: Path, inputs: Mapping[str, Any]) -> None:
    """Raises `ArtifactError` if a complete build of the declared inputs has other content than declared."""
    recipe, digest, declared = (inputs.get(name) for name in ("recipe", "inputDigest", "contentDigest"))
    here = facts_in(folder / MANIFEST)  # empty if it cannot be read: then its files are compared one by one
    content = here.get("contentDigest")
    if not recipe or not digest or not content or here.get("inputDigest") != digest or content == declared:
        return
    pin = f"{recipe}@{digest}"
    raise ArtifactError(
        f"{folder} has content {content}; expected {declared}, that of the card: another processor built it. Floating "
        "point differs between processors, so a rebuild gives the same. To deploy the bytes of the card, set "
        f"artifactSource to a bucket that has them (`python -m models push {pin}-{declared} --to gs://BUCKET`, on the "
        "machine that built them). To deploy this build, set allowRebuild: true on a local stack, or give it a second "
        f"card with `python -m models build {pin} --recard` and write artifact: {pin}-{content}"
    )


def with_ways(refusal: str, before: str, wanted: str, declared: Iterable[Mapping[str, Any]]) -> str:
    """The refusal of another artifact; of another build of the recipe, with the cause and the ways to keep the old one.

    The cause comes first, and each way has a line of its own.

    Args:
        refusal: what is said of any artifact.
        before: `gs://BUCKET/RECIPE/CONTENT_DIGEST/` that the version was made of.
        wanted: the same of what is declared.
        declared: inputs of what the program declares, SavedModels among them.
    """
    for inputs in declared:
        named = all(inputs.get(key) for key in ("bucket", "prefix", "recipe", "inputDigest"))
        if not named or rules.folder_uri(inputs) != wanted:
            continue
        recipe, pin = inputs["recipe"], f"{inputs['recipe']}@{inputs['inputDigest']}"
        start, _, content = before.removesuffix("/").rpartition("/")
        if not start.endswith(f"/{recipe}"):
            break
        cause = f"The deployed content is {content}; declared is content {inputs.get('contentDigest')} of {pin}"
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
