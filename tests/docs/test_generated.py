"""What is written from the code."""

from __future__ import annotations

import shutil
from pathlib import Path
from xml.etree import ElementTree

import pytest

from emulator.ml import api as ml_api
from emulator.storage import api as storage_api
from tests.docs import pages as written
from tests.running import ROOT
from tools.docs import command, emulator_methods, generated_pages, resource_fields


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A folder with the generated files, and the project's docs."""
    for name in ("docs", "emulator/vertex/documents"):
        shutil.copytree(ROOT / name, tmp_path / name)
    return tmp_path


def test_the_generated_pages_are_fresh(capsys: pytest.CaptureFixture[str]) -> None:
    """They are as `make docs` would write them."""
    assert command.main(["--check"]) == 0
    assert capsys.readouterr().err == ""


def test_a_stale_page_fails_the_check_and_is_written_anew(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One plain line names it; a run without the check mends it, and leaves what stands around it alone."""
    page = copy / "docs/reference/emulator-methods.md"
    fresh = page.read_text(encoding="utf-8")
    page.write_text(fresh.replace("| `projects.predict` |", "| `projects.guess` |"), encoding="utf-8")

    assert command.main(["--check"], root=copy) == 1
    assert capsys.readouterr().err == "error: docs/reference/emulator-methods.md is stale: run `make docs`\n"
    assert command.main([], root=copy) == 0
    assert page.read_text(encoding="utf-8") == fresh


def test_lost_markers_are_an_error(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A page that is generated in part is not written over as a whole."""
    page = copy / "docs/reference/emulator-methods.md"
    page.write_text(page.read_text(encoding="utf-8").replace(generated_pages.END, ""), encoding="utf-8")

    assert command.main([], root=copy) == 1
    assert "docs/reference/emulator-methods.md needs the lines" in capsys.readouterr().err


def test_every_field_of_every_resource_is_in_the_page() -> None:
    """Inputs with what a change does, outputs, and what is left out."""
    sections = resource_fields.page().split("\n## ")
    for name, kind in resource_fields.RESOURCES.items():
        (section,) = (text for text in sections if text.startswith(f"{name}\n"))
        schema = kind.provider.schema

        assert [field for field in (*schema.fields, *schema.left_out) if f"`{field}`" not in section] == []


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("machineType", "refused"),
        ("description", "patched"),
        ("timeouts", "nothing is sent"),
        ("name", "another resource"),
        (
            "autoScaling",
            "patched: `minNodes`, `maxNodes`; `metrics`: refused; instead of `manualScaling`: refused",
        ),
        ("requestLoggingConfig", "patched; in a separate call after creation"),
    ],
)
def test_the_page_says_what_a_change_does(field: str, change: str) -> None:
    """The words follow from the field's one line in the schema."""
    section = resource_fields.page().partition("## ml.Version\n")[2]
    row = next(line for line in section.splitlines() if f" | `{field}` | " in line)

    assert row.split(" | ")[4] == change


def test_every_method_of_both_apis_is_in_the_tables() -> None:
    """A reader sees of each method whether it is answered."""
    text = emulator_methods.tables()
    names = [method.id.partition(".")[2] for method in (*ml_api.methods(), *storage_api.methods())]
    answered = [name for name in names if f"| `{name}` | " in text]
    left = [name for name in names if name not in answered]

    assert "projects.predict" in answered
    assert "projects.explain" in left
    for name in left:
        group, _, last = name.rpartition(".")
        line = next(line for line in text.splitlines() if line.startswith(f"- `{group}`: "))
        assert last in line.partition(": ")[2].split(", ")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_picture_is_well_formed_and_within_its_frame(theme: str) -> None:
    """Browsers draw only well-formed SVG; what lies outside of the frame is cut off."""
    root = ElementTree.parse(ROOT / f"docs/deployment-{theme}.svg").getroot()  # noqa: S314 - our own file
    boxes = [box.attrib for box in root.iter("{http://www.w3.org/2000/svg}rect")]
    width, height = (int(size) for size in root.attrib["viewBox"].split()[2:])

    assert boxes
    assert all(int(box.get("x", 0)) + int(box["width"]) <= width for box in boxes)
    assert all(int(box.get("y", 0)) + int(box["height"]) <= height for box in boxes)


def test_no_page_is_longer_than_it_should_be() -> None:
    """The README and CONTRIBUTING fit two pages, a decision one."""
    long = {
        "README.md": 150,
        "CONTRIBUTING.md": 160,
        **{f"docs/decisions/{path.name}": 60 for path in ROOT.glob("docs/decisions/*.md")},
    }
    lines = {
        str(page.relative_to(ROOT)): len(page.read_text(encoding="utf-8").splitlines()) for page in written.pages()
    }

    assert [name for name, most in long.items() if lines[name] > most] == []
