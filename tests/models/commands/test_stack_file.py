"""The builds that a stack file needs."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.commands.stack_file import Order, stack_orders
from models.core.errors import ModelsError
from tests.models.artifacts.test_input_digest import digest_of
from tests.models.artifacts.test_resolve import put_build, put_card

LINE = {"seed": 1, "fault": False, "rate": 0.5}


def _write(root: Path, models: str) -> None:
    text = f"config:\n  gcp:project: demo\n  tf2-models:models: {models}\n"
    (root / "Pulumi.local.yaml").write_text(text, encoding="utf-8")


def test_orders(checkout: Path) -> None:
    """Each build is listed once, with all of its parameters; a SavedModel folder gives a note."""
    versions = "v1: {artifact: line}, v2: {artifact: line, parameters: {rate: 1}}, v3: {artifact: line, parameters: {}}"
    elsewhere = "v1: {artifact: gs://bucket/line}, v2: {artifact: ./line}"
    _write(checkout, f"{{one: {{versions: {{{versions}}}}}, two: {{versions: {{{elsewhere}}}}}}}")

    orders, notes = stack_orders("local", checkout)

    digests = [digest_of("line", checkout), digest_of("line", checkout, rate=1)]
    assert orders == [Order("line", LINE, digests[0]), Order("line", {**LINE, "rate": 1.0}, digests[1])]
    assert notes == [
        "two.versions.v1: gs://bucket/line is a SavedModel; there is nothing to build",
        "two.versions.v2: ./line is a SavedModel; there is nothing to build",
    ]


def test_pinned(checkout: Path) -> None:
    """A pinned build can be made with unchanged code; afterwards it is only used if it exists."""
    facts = put_build(checkout)
    put_card(checkout, facts)
    card = next((checkout / "models" / "cards" / "line").iterdir())
    card.write_text(
        card.read_text(encoding="utf-8").replace(
            '"parameters": {}', '"parameters": {"seed": 1, "fault": false, "rate": 0.5}'
        ),
        encoding="utf-8",
    )
    _write(checkout, f"{{one: {{versions: {{v1: {{artifact: line@{facts.input_digest}}}}}}}}}")

    order = Order("line", LINE, str(facts.input_digest))
    assert stack_orders("local", checkout) == ([order], [])
    (checkout / "build").rename(checkout / "elsewhere")
    assert stack_orders("local", checkout) == ([order], [])
    with (checkout / "models" / "line.py").open("a", encoding="utf-8") as file:
        file.write("# changed\n")
    (checkout / "elsewhere").rename(checkout / "build")
    assert stack_orders("local", checkout) == ([order._replace(is_current=False)], [])
    (checkout / "build").rename(checkout / "elsewhere")
    assert "was built from older code" in stack_orders("local", checkout)[1][0]


@pytest.mark.parametrize(
    ("models", "said"),
    [
        ("", "config.tf2-models:models is missing"),
        ("[", "not valid YAML"),
        ("{one: 1}", "one.versions must map names to versions"),
        ("{one: {versions: [v1]}}", "one.versions must map names to versions"),
        ("{one: {versions: {v1: {}}}}", "one.versions.v1.artifact is required"),
        ("{one: {versions: {v1: {artifact: lime}}}}", "one.versions.v1: unknown recipe 'lime'"),
        ("{one: {versions: {v1: {artifact: line, parameters: {seed: x}}}}}", "one.versions.v1: parameters.seed"),
        ("{one: {versions: {v1: {artifact: line, parameters: 1}}}}", "one.versions.v1: parameters"),
        ("{one: {versions: {v1: {artifact: line@0}}}}", "one.versions.v1: line@0: card not found"),
    ],
)
def test_refused(checkout: Path, models: str, said: str) -> None:
    """An error has the path of the key."""
    _write(checkout, models)

    with pytest.raises(ModelsError) as raised:
        stack_orders("local", checkout)
    assert said in str(raised.value)


def test_no_stack(checkout: Path) -> None:
    """A missing stack file is named."""
    with pytest.raises(ModelsError, match=r"Pulumi\.prod\.yaml: stack file not found"):
        stack_orders("prod", checkout)
