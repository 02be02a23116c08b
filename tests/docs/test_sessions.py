"""What the pages tell a reader to type, typed: the real engine, emulator and SavedModels."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs import blocks
from tests.docs.session import Session

pytestmark = [pytest.mark.engine, pytest.mark.tensorflow]

LOCAL = "source local.env\n"
TRIAL = """\
source .venv/bin/activate
export PULUMI_BACKEND_URL=file://$HOME/tf2-models-state PULUMI_CONFIG_PASSPHRASE=choose-a-passphrase
export PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION=true
"""
LOST = "rm -r ~/tf2-models-state\nmkdir ~/tf2-models-state\n"
"""The state of the second stack is gone."""
FILES = """\
python - <<'END'
import csv, json, keras
inputs = keras.Input((3,), name="months")
model = keras.Model(inputs, keras.layers.Dense(1, name="churn")(inputs))
model.export("exports/churn2")
model.save("churn.keras")
json.dump([{"instance": [1.0, 2.0, 3.0]}], open("samples.json", "w"))
open("churn.jsonl", "w").write("[1.0, 2.0, 3.0]\\n" * 3)
rows = list(csv.DictReader(open("models/data/heart.csv")))[:5]
with open("patients.csv", "w") as file:
    writer = csv.DictWriter(file, ["id", *rows[0]])
    writer.writeheader()
    writer.writerows({"id": number, **row} for number, row in enumerate(rows))
texts = {"thal"}
decimals = {"oldpeak"}
patients = [
    {name: [cell if name in texts else float(cell) if name in decimals else int(cell)] for name, cell in row.items()
     if name != "target"}
    for row in rows
]
json.dump(patients, open("patients.json", "w"))
open("patients.jsonl", "w").write("".join(f"{json.dumps(patient)}\\n" for patient in patients))
END
"""
"""The reader's own files that the pages name."""


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    """A project; its emulator ends with the test."""
    made = Session(tmp_path)
    yield made
    made.stop()


@pytest.mark.parametrize("page", blocks.ALONE)
def test_pages_about_the_emulator_alone(session: Session, page: str) -> None:
    """Their commands work where nothing is deployed."""
    assert "serving" in session.page(page, LOCAL)


@pytest.mark.faults
def test_the_tutorials_and_guides(session: Session) -> None:
    """Read in their order, in one project: each command ends as the page says, and prints what it shows."""
    for page in blocks.LOCAL:
        if page == "docs/prediction.md":
            session.run(LOCAL + FILES)
        session.page(page, "" if page == blocks.LOCAL[0] else LOCAL)
    for page in blocks.TRIAL:
        lost = LOST if page == "docs/how-to/lost-state.md" else ""
        again = f"{LOST}pulumi stack init trial\n" if page == "docs/how-to/import-rename-move.md" else ""
        session.page(page, "" if page == blocks.TRIAL[0] else TRIAL + lost + again)
    for page in blocks.LAST:
        session.page(page, LOCAL)
    preview = session.run(f"{LOCAL}pulumi preview")
    assert "update" in preview
    assert "make down" in session.run("make down && echo make down")
