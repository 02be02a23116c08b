"""Links and code in the pages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from models.core.recipe import Recipe
from tests.docs import pages
from tests.running import ROOT

LINK = re.compile(r"\]\(([^)\s]+)\)|(?:src|srcset)=\"([^\"]+)\"")
NAMES = [str(page.relative_to(ROOT)) for page in pages.pages()]


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", pages.FENCE.sub("", page.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("name", NAMES)
def test_links_within_the_project_lead_somewhere(name: str) -> None:
    """Each names a file that is there, and a heading of it."""
    page = ROOT / name
    broken = []
    for link in ("".join(found) for found in LINK.findall(pages.FENCE.sub("", page.read_text(encoding="utf-8")))):
        if re.match(r"[a-z]+:", link):
            continue
        file, _, anchor = link.partition("#")
        target = page.parent / file if file else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)

    assert broken == []


def test_files_that_the_pages_name_exist() -> None:
    """A path to a module, a script or a folder of tests, written as code, is that of a file of the project."""
    found = {
        (str(page.relative_to(ROOT)), path)
        for page in pages.pages()
        for path in re.findall(r"`((?:[\w.]+/)+[\w.]+\.(?:py|sh))`", page.read_text(encoding="utf-8"))
    }
    written = {block.word for block in pages.all_blocks("python")}

    assert len(found) > 10
    assert sorted(name for name in found if not (ROOT / name[1]).exists() and name[1] not in written) == []


def test_the_pages_have_links() -> None:
    """The pattern that finds them does find some."""
    assert len(LINK.findall((ROOT / "README.md").read_text(encoding="utf-8"))) > 10
    assert "storagebucket" in anchors(ROOT / "docs/reference/fields.md")


def test_the_recipe_of_the_tutorial_is_one() -> None:
    """It runs as a module of `models/` does, and has the seed that every recipe needs."""
    (block,) = (block for block in pages.all_blocks("python") if "RECIPE" in block.text)
    module: dict[str, object] = {"__name__": "models.parity"}
    exec(compile(block.text, str(block), "exec"), module)  # noqa: S102 - a block of our own page

    recipe = module["RECIPE"]
    assert isinstance(recipe, Recipe)
    assert "seed" in recipe.parameters


def test_the_readme_has_commands_that_ci_runs() -> None:
    """`.ci/run` runs the blocks marked "bash ci" as a reader types them, from the first command on."""
    found = [block.text for block in pages.blocks(ROOT / "README.md", "bash") if block.word == "ci"]

    assert "".join(found).splitlines()[:2] == ["make up", "source local.env"]
