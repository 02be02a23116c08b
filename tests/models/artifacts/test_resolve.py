"""The facts of the artifact that a stack file names."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import models
from artifact_format.manifest import MANIFEST
from models.artifacts import manifests
from models.artifacts.resolve import read_folder
from models.core.paths import build_folder, card_path
from resources.config.plan import saved_model_inputs
from resources.storage.transfer import folder as _folder
from tests.models.artifacts.test_input_digest import digest_of
from tests.models.saved_models import GRAPH, INDEX, SHARD, index, write


def put_build(root: Path, content: bytes = b"0123456789", **parameters: object) -> models.Artifact:
    """Writes a complete build of the recipe `line`, like the exporter."""
    digest = digest_of("line", root, **parameters)
    folder = write(build_folder(root, "line", digest), {"saved_model.pb": GRAPH, INDEX: index({0: 1}), SHARD: content})
    (folder / MANIFEST).unlink(missing_ok=True)
    samples = [{"instance": [1.0, 2.0], "prediction": {"y": [number]}, "label": 0} for number in range(3)]
    facts = replace(
        read_folder(folder), recipe="line", input_digest=digest, metrics={"accuracy": 0.123456}, samples=samples
    )
    (folder / MANIFEST).write_text(json.dumps(facts.to_json()), encoding="utf-8")
    return facts


def put_card(root: Path, facts: models.Artifact) -> None:
    """Writes the card of these facts."""
    path = card_path(root, "line", str(facts.input_digest))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(manifests.card_text(facts), encoding="utf-8")


def test_card_and_build(checkout: Path) -> None:
    """If card and build match, the facts are those of the card, and the folder has the bytes."""
    facts = put_build(checkout)
    put_card(checkout, facts)

    found = models.resolve("line", root=checkout)

    assert found.folder == facts.folder
    assert (found.recipe, found.input_digest, found.content_digest) == (
        "line",
        facts.input_digest,
        facts.content_digest,
    )
    assert found.metrics == {"accuracy": 0.1235}
    assert found.signatures["serving_default"]["inputs"] == {"x": {"dtype": "float32", "shape": [None, 2]}}
    assert (found.size, found.files, found.tensorflow) == (facts.size, facts.files, "2.99.0")
    assert found.samples == facts.samples[:2]


def test_card_alone(checkout: Path) -> None:
    """Without a build, the card gives all facts, and the folder of a future build."""
    facts = put_build(checkout)
    put_card(checkout, facts)
    assert facts.folder is not None
    facts.folder.rename(checkout / "elsewhere")

    found = models.resolve("line", {}, root=checkout)

    assert (found.content_digest, found.folder) == (facts.content_digest, facts.folder)


@pytest.mark.parametrize("allow_rebuild", [False, True])
def test_other_bytes(checkout: Path, *, allow_rebuild: bool) -> None:
    """If build and card differ, the card is used, unless `allow_rebuild` is set; the folder is the same."""
    card = put_build(checkout, b"made by them")
    put_card(checkout, card)
    build = put_build(checkout, b"made here")

    found = models.resolve("line", root=checkout, allow_rebuild=allow_rebuild)

    expected = (build.content_digest, build.folder, 3) if allow_rebuild else (card.content_digest, build.folder, 2)
    assert expected == (found.content_digest, found.folder, len(found.samples))


@pytest.mark.parametrize("parameters", [{}, {"seed": 7, "rate": 0.25}])
def test_no_card(checkout: Path, parameters: dict[str, Any]) -> None:
    """Without a card, the error has the command that makes one, with changed parameters."""
    put_build(checkout, **parameters)

    with pytest.raises(models.ModelsError) as raised:
        models.resolve("line", parameters, root=checkout)
    settings = "".join(f" --set {key}={value}" for key, value in parameters.items())
    assert str(raised.value).endswith(f"to make a new card, run: python -m models build line{settings}")
    assert models.resolve("line", parameters, root=checkout, allow_rebuild=True).folder is not None


def test_pinned(checkout: Path) -> None:
    """`RECIPE@INPUT_DIGEST` is found by its card after a change of the code, even without the recipe."""
    facts = put_build(checkout)
    put_card(checkout, facts)
    (checkout / "models" / "line.py").unlink()

    found = models.resolve(f"line@{facts.input_digest}", root=checkout)

    assert (found.content_digest, found.folder) == (facts.content_digest, facts.folder)


@pytest.mark.parametrize(
    ("artifact", "parameters", "said"),
    [
        ("line@0123456789abcdef", {}, "card not found in models/cards/line; the cards are: none"),
        (f"line@{'0' * 300}", {}, "card not found in models/cards/line; the cards are: none"),
        (f"./{'x' * 300}", {}, "x: cannot be read: File name too long"),
        ("s3://bucket/folder", {}, "s3://bucket/folder: must be a recipe, "),
        ("lime@0123456789abcdef", {}, "unknown recipe 'lime'"),
        ("line@0123456789abcdef", {"seed": 1}, "parameters: line@0123456789abcdef is a build"),
        ("./somewhere", {"seed": 1}, "parameters: ./somewhere is a folder"),
        ("./somewhere", {}, "folder not found"),
        ("lime", {}, "unknown recipe 'lime'"),
        ("", {}, "unknown recipe ''"),
        ("line", {"width": 3}, "parameters.width: unknown; recipe line has "),
    ],
)
def test_refused(checkout: Path, artifact: str, parameters: dict[str, object], said: str) -> None:
    """An artifact that cannot be resolved is one line with its name."""
    with pytest.raises(models.ModelsError) as raised:
        models.resolve(artifact, parameters, root=checkout)
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ([0.5], {"y": [0.5]}),
        ({"y": [0.5]}, {"y": [0.5]}),
        ({"z": 1}, {"y": {"z": 1}}),
        ({"b64": "aGk="}, {"y": {"b64": "aGk="}}),
    ],
)
def test_samples_are_read_by_output_name(checkout: Path, written: object, read: object) -> None:
    """Bare predictions in cards of earlier releases are read by the output's name."""
    facts = put_build(checkout)
    put_card(checkout, replace(facts, samples=[{"instance": [1.0, 2.0], "prediction": written}]))

    assert models.resolve("line", root=checkout).samples == [{"instance": [1.0, 2.0], "prediction": read}]


def test_downloaded_manifest_is_read(checkout: Path) -> None:
    """A folder downloaded from a bucket, with its manifest, is an artifact."""
    folder = write(checkout / "exports/x")
    facts = models.resolve("./exports/x", root=checkout)
    (folder / MANIFEST).write_bytes(_folder.manifest(saved_model_inputs(facts, "bucket")))

    assert models.resolve("./exports/x", root=checkout) == replace(facts, samples=[], classes=[])


@pytest.mark.parametrize("form", ["./made/elsewhere", "made/elsewhere", "absolute"])
def test_folder(checkout: Path, form: str) -> None:
    """A SavedModel folder is read from its bytes, by absolute path or relative to the root."""
    folder = write(checkout / "made" / "elsewhere")

    found = models.resolve(str(folder) if form == "absolute" else form, root=checkout)

    assert (found.recipe, found.input_digest, found.samples, found.folder) == (
        None,
        None,
        (),
        checkout / "made" / "elsewhere",
    )
    assert found.tensorflow == "2.99.0"
    assert found.files[SHARD]["size"] == 10


def test_folder_with_manifest(checkout: Path) -> None:
    """A manifest in the folder adds facts; a folder changed since is rejected."""
    facts = put_build(checkout)
    assert facts.folder is not None

    assert len(models.resolve(str(facts.folder), root=checkout).samples) == 3
    (facts.folder / SHARD).write_bytes(b"9876543210")
    with pytest.raises(models.ModelsError, match="have changed since manifest"):
        models.resolve(str(facts.folder), root=checkout)


@pytest.mark.parametrize("name", [SHARD, "saved_model.pb", "one_more"])
def test_damaged_build(checkout: Path, name: str) -> None:
    """A build whose file sizes differ from its manifest is rejected."""
    facts = put_build(checkout)
    put_card(checkout, facts)
    assert facts.folder is not None
    (facts.folder / name).write_bytes(b"short")

    with pytest.raises(models.ModelsError, match="have changed since it was built"):
        models.resolve("line", root=checkout, allow_rebuild=True)


def test_altered_build(checkout: Path) -> None:
    """Changed bytes of the same size are found with `verify`, and only then."""
    facts = put_build(checkout)
    put_card(checkout, facts)
    assert facts.folder is not None
    file = facts.folder / SHARD
    file.write_bytes(bytes(file.stat().st_size))

    assert models.resolve("line", root=checkout, allow_rebuild=True).folder == facts.folder
    assert models.resolve("line", root=checkout, verify=True).folder == facts.folder, "the card counts"
    with pytest.raises(models.ModelsError, match="have changed since it was built"):
        models.resolve("line", root=checkout, allow_rebuild=True, verify=True)


@pytest.mark.parametrize(
    ("text", "said"),
    [("{", "manifest"), ("{}", "manifest"), ('{"format": 2}', "must have format 1, .*; got 2"), ("[]", "manifest")],
)
def test_broken_card(checkout: Path, text: str, said: str) -> None:
    """A card that cannot be read is named."""
    facts = put_build(checkout)
    put_card(checkout, facts)
    path = card_path(checkout, "line", str(facts.input_digest))
    path.write_text(text, encoding="utf-8")

    with pytest.raises(models.ModelsError, match=said) as raised:
        models.resolve("line", root=checkout)
    assert str(raised.value).startswith(str(path.relative_to(checkout)))


def test_public_names() -> None:
    """The package exports these names."""
    assert models.__all__ == ["Artifact", "ModelsError", "resolve"]
