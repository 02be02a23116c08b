"""What `python -m models import` and the names of imported artifacts refuse, and what the errors say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import models
from models.core.places import card_path
from tests.models.conftest import Take


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("exports/x", "--name", "line"), 2, "--name line: is the name of a recipe, models/line.py; choose another"),
        (("exports/x", "--name", "Churn"), 2, "--name Churn: must be small letters, digits and _, a letter first"),
        (("exports/x", "--name", "../x"), 2, "--name ../x: must be small letters"),
        (("exports/x",), 2, "--name"),
        (("nowhere", "--name", "churn"), 1, "nowhere: there is no such folder"),
        (("nowhere.keras", "--name", "churn"), 2, "nowhere.keras: file not found"),
        (("old.h5", "--name", "churn"), 2, 'keras.models.load_model("old.h5").save("old.keras")'),
        (("exports/x/saved_model.pb", "--name", "churn"), 2, "give its folder, exports/x"),
        (("samples.json", "--name", "churn"), 2, "expected a SavedModel's folder or a .keras file"),
        (("exports/x", "--name", "churn", "--samples", "no.json"), 2, "--samples no.json: it cannot be read: No such"),
        (("exports/x", "--name", "churn", "--samples", "s", "--no-samples"), 2, "not allowed with argument"),
    ],
)
def test_wrong_usage(take: Take, checkout: Path, words: tuple[str, ...], code: int, said: str) -> None:
    """One line says what to do; nothing is left."""
    done = take(*words)

    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr.splitlines()[-1]
    assert not (checkout / "models/cards").exists()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "it is not valid JSON"),
        ("[NaN]", "NaN is not valid JSON"),
        ("[]", "it must be a list"),
        ("{}", "it must be a list"),
        ('[{"instance": 1}, 2]', '[1]: expected an object with the key "instance"'),
        ('[{"instance": 1}, {"instance": 1, "prediction": 2}]', "[1]: expected no prediction, as in [0]"),
    ],
)
def test_a_file_that_holds_no_samples(take: Take, checkout: Path, content: str, said: str) -> None:
    """It is refused before anything is copied."""
    (checkout / "samples.json").write_text(content, encoding="utf-8")

    done = take()

    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert not (checkout / "build").exists()


def test_the_cards_of_a_recipe_that_is_gone_keep_their_name(take: Take, checkout: Path) -> None:
    """An old build of it may still be deployed: RECIPE@INPUT_DIGEST stays what it says."""
    card = card_path(checkout, "churn", "0123456789abcdef")
    card.parent.mkdir(parents=True)
    card.write_text('{"contentDigest": "fedcba9876543210"}', encoding="utf-8")

    done = take()

    assert (done.returncode, done.stdout) == (2, "")
    assert "models/cards/churn/0123456789abcdef.json is the card of a former recipe with this name" in done.stderr


@pytest.mark.parametrize(
    ("artifact", "parameters", "said"),
    [
        ("churn", {"width": 1}, "parameters: churn is imported; only a recipe has parameters"),
        ("churn@0123456789abcdef", {}, "there is no such card in models/cards/churn; there are: "),
        ("chum", {}, "there is no recipe 'chum'; there are: fashion_mnist, heart_disease, line; imported: churn"),
    ],
)
def test_refused(take: Take, checkout: Path, artifact: str, parameters: dict[str, Any], said: str) -> None:
    """What names no imported artifact is refused with what there is."""
    assert take().returncode == 0

    with pytest.raises(models.ModelsError) as caught:
        models.resolve(artifact, parameters, root=checkout)
    assert said in str(caught.value)
