"""Who may import whom."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.running import ROOT

FORBIDDEN = {
    "models": {"pulumi", "pulumi_gcp", "gcp", "resources", "emulator", "prediction", "tests"},
    "gcp": {"tensorflow", "keras", "pulumi", "pulumi_gcp", "emulator", "models", "prediction", "tests"},
    "resources": {"tensorflow", "keras", "emulator", "prediction", "tests"},
    "emulator": {"pulumi", "pulumi_gcp", "googleapiclient", "google.auth", "models", "prediction", "tests"},
    "prediction": {"tensorflow", "keras", "pulumi", "pulumi_gcp", "emulator", "models", "tests"},
    "benchmarks": {"tests"},
    "__main__.py": {"tensorflow", "keras", "emulator", "prediction", "tests"},
}
ALLOWED = {
    ("models/commands/push_command.py", "gcp"),
    ("models/commands/push_command.py", "resources"),
    ("models/commands/stack_file.py", "resources"),
}
"""`push` sends with the provider's own code, and a stack file is read as the program reads it: a second uploader, or
reader, would be another truth. Both are imported when asked."""
SHARED = {
    "gcp.errors",
    "resources.config.local_endpoint",
    "resources.schema.types",
    "resources.ml.schema",
    "resources.ml.jobs.rules",
    "resources.ml.quotas",
    "resources.ml.rules",
    "resources.storage.schema",
    "resources.storage.rules",
}
"""What the emulator takes of `gcp` and `resources`: schemas, rules, errors, where the local stack is."""


def imports(place: str) -> Iterator[tuple[Path, str]]:
    """Every module that the files of a folder, or one file, import, those under `TYPE_CHECKING` left out."""
    top = ROOT / place
    for file in [top] if top.is_file() else sorted(top.rglob("*.py")):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        typing = [
            node for node in ast.walk(tree) if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        ]
        left_out = {id(inner) for node in typing for inner in ast.walk(node)}
        for node in ast.walk(tree):
            if id(node) in left_out:
                continue
            if isinstance(node, ast.Import):
                yield from ((file, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield file, str(node.module)
                yield from ((file, f"{node.module}.{alias.name}") for alias in node.names)


@pytest.mark.parametrize(("place", "forbidden"), FORBIDDEN.items(), ids=FORBIDDEN)
def test_a_package_imports_only_what_it_may(place: str, forbidden: set[str]) -> None:
    """Each part can be read, run and tested without the ones that it does not need."""
    found = [
        f"{file.relative_to(ROOT)}: {name}"
        for file, name in imports(place)
        for bad in forbidden
        if (name == bad or name.startswith(f"{bad}.")) and (str(file.relative_to(ROOT)), bad) not in ALLOWED
    ]

    assert found == []


def test_the_emulator_takes_only_schemas_rules_and_errors() -> None:
    """It must not share code with the client that it is there to test."""
    ours = {name for _, name in imports("emulator") if name.startswith(("resources.", "gcp."))}
    folders = {".".join(name.split(".")[:size]) for name in SHARED for size in (1, 2, 3)} - SHARED

    assert ours - folders != set()
    assert [name for name in ours - folders if not any(name == ok or name.startswith(f"{ok}.") for ok in SHARED)] == []


def test_no_module_hides_one_of_the_standard_library() -> None:
    """The provider's process has the project's folder first on its path."""
    names = {path.stem for path in ROOT.glob("*.py")} | {path.parent.name for path in ROOT.glob("*/__init__.py")}

    assert names & set(sys.stdlib_module_names) == set()


@pytest.mark.parametrize(
    ("module", "heavy"),
    [
        ("resources.ml.schema", ["pulumi", "googleapiclient"]),
        ("resources.ml.version", ["tensorflow", "numpy", "googleapiclient"]),
        ("models", ["tensorflow", "numpy", "pulumi"]),
        ("models.commands.command_line", ["tensorflow", "numpy", "pulumi", "googleapiclient", "resources", "gcp"]),
        ("emulator.cli", ["tensorflow", "pulumi", "googleapiclient"]),
    ],
)
def test_a_light_module_stays_light(module: str, heavy: list[str]) -> None:
    """Nothing heavy is on the way of `preview`, or of a command that only looks."""
    code = f"import sys, {module}; print(*(name for name in {heavy!r} if name in sys.modules))"

    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)

    assert done.stdout.split() == []
