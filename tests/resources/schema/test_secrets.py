"""Secrets among inputs: where they may stand, how they are found, and what hides them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from resources.config import secret_values
from resources.ml.schema import DEFAULT_VERSION, MODEL, VERSION
from resources.ml.version import VersionProvider
from resources.schema import secrets
from resources.schema.fields import Schema
from resources.schema.secrets import HIDDEN, Hidden, Secret
from resources.storage.schema import BUCKET, SAVED_MODEL
from tests.emulator.ml.caller import Caller
from tests.providers import as_engine, configured
from tests.running import RunningEmulator

TOKEN = "hunter2-und-mehr"  # noqa: S105 - what must not be seen


@pytest.mark.parametrize(
    ("schema", "free"),
    [
        (MODEL, {"description", "labels.*"}),
        (VERSION, {"description", "labels.*", "container.command[]", "container.args[]", "container.env[].value"}),
        (BUCKET, {"labels.*"}),
        (SAVED_MODEL, {"source"}),
        (DEFAULT_VERSION, {"gate.samples"}),
    ],
    ids=lambda item: getattr(item, "noun", ""),
)
def test_what_may_be_secret_is_free_text(schema: Schema, free: set[str]) -> None:
    """Held to the letter: each further field is a decision."""
    assert {path for name in schema.hints for path in secrets.free_paths(schema, name)} == free


@pytest.mark.parametrize(
    "path", ["labels", "labels.team", "container.args", "container.args[0]", "container.env[1].value"]
)
def test_secrets_that_can_be(path: str) -> None:
    """A free text, or a collection of nothing else."""
    assert secrets.may_be_secret(VERSION, path)


@pytest.mark.parametrize(
    "path", ["name", "container", "container.image", "container.env", "container.env[0].name", "machineType", "nothing"]
)
def test_secrets_that_cannot_be(path: str) -> None:
    """What names, sizes, or holds such a thing too."""
    assert [found for found, _ in secrets.failures(VERSION, [path], "v")] == [f"v.{path}"]


def test_a_secret_text_is_a_text_that_is_never_shown() -> None:
    """Checks take it as it is; what prints it prints `[secret]`."""
    secret = Secret(TOKEN)

    assert secret == TOKEN
    assert {str(secret), repr(secret), f"{secret}", f"{secret!r}", "{}".format(secret), "%s" % secret} == {HIDDEN}  # noqa: UP031, UP032 - each way of printing
    assert secret.reveal() == TOKEN


@pytest.mark.parametrize("value", [TOKEN, "two\nlines of it", 'with "quotes" and \\', "späth/ü?", " spaces  within "])
def test_a_secret_is_taken_out_of_a_message_in_every_form(value: str) -> None:
    """Bare, as Python or JSON writes it, on one line, in an address, in capitals."""
    hide = Hidden({"labels": {"team": value}, "secrets": ["labels.team"]})

    written = (repr(value), json.dumps(value), json.dumps({"a": [value]}))
    for text in (value, value.title(), " ".join(value.split()), *written):
        assert value.split(maxsplit=1)[0].lower() not in hide(f"the API says {text}.").lower(), text


@pytest.mark.parametrize(
    ("value", "text", "shown"),
    [
        ("e", "update model m: 'e' is no label (e)", f"update model m: '{HIDDEN}' is no label ({HIDDEN})"),
        ("dev", 'devices, my_dev: "dev"', f'devices, my_dev: "{HIDDEN}"'),
        ("ü", "für ü, %C3%BC", f"für {HIDDEN}, {HIDDEN}"),
        ("long", "belongs", f"be{HIDDEN}s"),
    ],
)
def test_a_short_secret_does_not_ruin_the_words_of_a_message(value: str, text: str, shown: str) -> None:
    """It is taken out where it stands alone; from 4 characters on everywhere."""
    assert Hidden({"description": value, "secrets": ["description"]})(text) == shown


def test_what_is_not_secret_is_shown() -> None:
    """Only what stands at the paths that are named."""
    hide = Hidden({"labels": {"team": "a-team", "stage": "dev"}, "secrets": ["labels.team"]})

    assert hide("dev of a-team") == f"dev of {HIDDEN}"


def write(folder: Path, config: object) -> Path:
    """A stack's file."""
    file = folder / "Pulumi.x.yaml"
    file.write_text(yaml.safe_dump({"config": {"tf2-models:models": config}}), encoding="utf-8")
    return file


def test_the_stacks_file_tells_which_texts_are_secret(tmp_path: Path) -> None:
    """Where it has ciphertext."""
    file = write(tmp_path, {"m": {"description": {"secure": "v1:x"}, "labels": {"a": "b"}, "n": [1, {"secure": "y"}]}})
    source = secret_values.Source(keys=frozenset({"tf2-models:models"}), file=file)

    value, reason = source.marked(
        "tf2-models:models", {"m": {"description": TOKEN, "labels": {"a": "b"}, "n": [1, TOKEN]}}
    )

    assert reason == ""
    secret = [path for path, leaf in secrets.leaves(value) if isinstance(leaf, Secret)]
    assert secret == ["m.description", "m.n[1]"]


@pytest.mark.parametrize(
    "written",
    [
        {"m": {"description": "no secret here"}},
        {"m": {"description": {"secure": "v1:x"}, "more": 1}},
        {"m": {"descriptions": {"secure": "v1:x"}}},
        [],
    ],
)
def test_a_file_that_says_something_else_does_not_count(tmp_path: Path, written: object) -> None:
    """It belongs to another configuration."""
    source = secret_values.Source(keys=frozenset({"tf2-models:models"}), file=write(tmp_path, written))

    value, reason = source.marked("tf2-models:models", {"m": {"description": TOKEN}})

    assert value is None
    assert "does not show where" in reason


def test_drift_of_a_field_with_a_secret_tells_no_value(emulator: RunningEmulator, project: str) -> None:
    """The API's value may hold the secret still; the message only says that it changed."""
    caller = Caller(emulator, project)
    caller.models.create(parent=f"projects/{project}", body={"name": "m"}).execute()
    provider = configured(VersionProvider, emulator.endpoint)
    inputs = as_engine(
        {
            "project": project,
            "model": "m",
            "name": "v",
            "container": {"image": "i", "env": [{"name": "KEY", "value": TOKEN}]},
            "secrets": ["container.env[0].value"],
        }
    )
    live = {"name": "v", "container": {"image": "i", "env": [{"name": "KEY", "value": TOKEN}, {"name": "B"}]}}

    outs = provider.read_result("v", inputs, live).outs or {}

    assert outs["drift"] == {"container": HIDDEN}
