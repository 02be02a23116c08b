"""Which module may import which."""

from __future__ import annotations

import ast
import graphlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.running import ROOT

FORBIDDEN = {
    "artifact_format": {
        *("tensorflow", "keras", "numpy", "pulumi", "pulumi_gcp"),
        *("gcp", "resources", "emulator", "models", "prediction", "tests"),
    },
    "models": {"pulumi", "pulumi_gcp", "gcp", "resources", "emulator", "prediction", "tests"},
    "gcp": {
        *("tensorflow", "keras", "pulumi", "pulumi_gcp"),
        *("artifact_format", "emulator", "models", "prediction", "resources", "tests"),
    },
    "resources": {"tensorflow", "keras", "emulator", "prediction", "tests"},
    "emulator": {
        *("pulumi", "pulumi_gcp", "googleapiclient", "google.auth"),
        *("artifact_format", "models", "prediction", "tests"),
    },
    "prediction": {"tensorflow", "keras", "pulumi", "pulumi_gcp", "emulator", "models", "tests"},
    "benchmarks": {"tests"},
    "__main__.py": {"tensorflow", "keras", "emulator", "prediction", "tests"},
}
ALLOWED = {
    ("models/commands/push_command.py", "gcp"),
    ("models/commands/push_command.py", "resources"),
    ("models/commands/stack_file.py", "resources"),
}
"""`push` uploads with the provider's code, and stack files are read by the program's code: a second uploader or
reader could differ. Both modules are imported only when needed."""
SHARED = {
    "gcp.errors",
    "resources.config.local_endpoint",
    "resources.schema.labels",
    "resources.schema.types",
    "resources.ml.schema",
    "resources.ml.jobs.rules",
    "resources.ml.quotas",
    "resources.ml.rules",
    "resources.vertex.machine_types",
    "resources.storage.schema",
    "resources.storage.rules",
}
"""What the emulator imports from `gcp` and `resources`: schemas, rules, errors, the local stack's endpoint."""


ONLY = {
    "emulator/core": {"core"},
    "emulator/http": {"core", "http"},
    "emulator/rest": {"core", "http", "rest"},
    "emulator/console": {"core", "http", "rest", "console"},
    "emulator/storage": {"core", "http", "rest", "storage"},
    "emulator/hosting": {"core", "http", "rest", "hosting"},
    "emulator/ml": {"core", "http", "rest", "hosting", "ml"},
    "emulator/vertex": {"core", "http", "rest", "hosting", "vertex"},
    "emulator/serving": {"core", "serving"},
    "emulator/batch": {"core", "serving", "batch"},
    "resources/schema": {"schema"},
    "resources/runtimes": {"runtimes"},
    "resources/gate": {"deploy_errors", "gate", "schema"},
    "resources/engine": {"deploy_errors", "engine", "config", "gate", "schema"},
    "resources/config": {"deploy_errors", "config", "schema", "storage"},
    "resources/storage": {"deploy_errors", "storage", "engine", "schema", "lazy_exports"},
    "resources/stack.py": {"deploy_errors", "config", "engine", "schema"},
    "resources/job_provider.py": {"engine"},
    "resources/ml": {
        "deploy_errors",
        "ml",
        "storage",
        "stack",
        "config",
        "engine",
        "gate",
        "schema",
        "lazy_exports",
        "runtimes",
        "job_provider",
    },
}
"""Folder -> what it may import of the package around it, types included. `emulator/app.py` alone imports every part of
the emulator; of `resources`, `platforms.py` alone knows which platforms there are."""

NO_CYCLES = [
    "artifact_format",
    "emulator",
    "gcp",
    "resources",
    "prediction",
    "models",
    "benchmarks",
    "tools",
    "__main__.py",
]
"""Code without import cycles; imports under `TYPE_CHECKING` count."""


def imports(place: str, *, types: bool = False) -> Iterator[tuple[Path, str]]:
    """Every module that the files of a folder, or one file, import; with those under `TYPE_CHECKING` if `types`.

    Of `from a import b` both `a` and `a.b`, since `b` may be a module.
    """
    top = ROOT / place
    for file in [top] if top.is_file() else sorted(top.rglob("*.py")):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        typing = [
            node for node in ast.walk(tree) if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        ]
        left_out = set() if types else {id(inner) for node in typing for inner in ast.walk(node)}
        for node in ast.walk(tree):
            if id(node) in left_out:
                continue
            if isinstance(node, ast.Import):
                yield from ((file, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield file, str(node.module)
                yield from ((file, f"{node.module}.{alias.name}") for alias in node.names)


def name_of(file: Path) -> str:
    """The name of a module."""
    return ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def graph(places: list[str]) -> dict[str, set[str]]:
    """Module -> the modules that it imports, of some folders and files."""
    found: dict[str, set[str]] = {}
    for place in places:
        for file, name in imports(place, types=True):
            found.setdefault(name_of(file), set()).add(name)
    known = {module: (names & found.keys()) - {module} for module, names in found.items()}
    # `from a import b` yields both: if `a.b` is a module, `a` does not count.
    return {
        module: {name for name in names if not any(other.startswith(f"{name}.") for other in names)}
        for module, names in known.items()
    }


@pytest.mark.parametrize(("place", "forbidden"), FORBIDDEN.items(), ids=FORBIDDEN)
def test_a_package_imports_only_what_it_may(place: str, forbidden: set[str]) -> None:
    """Each package can be read, run and tested without those it does not need."""
    found = [
        f"{file.relative_to(ROOT)}: {name}"
        for file, name in imports(place)
        for bad in forbidden
        if (name == bad or name.startswith(f"{bad}.")) and (str(file.relative_to(ROOT)), bad) not in ALLOWED
    ]

    assert found == []


@pytest.mark.parametrize(("place", "allowed"), ONLY.items(), ids=ONLY)
def test_a_folder_imports_only_the_layers_below_it(place: str, allowed: set[str]) -> None:
    """Domains import neither each other nor the composition root, and generic parts import no domain."""
    package = place.partition("/")[0]
    found = [
        f"{file.relative_to(ROOT)}: {name}"
        for file, name in imports(place, types=True)
        if name.startswith(f"{package}.") and name.split(".")[1] not in allowed
    ]

    assert found == []


def test_there_are_no_import_cycles() -> None:
    """A reader can read the imports of a module before the module."""
    order = graphlib.TopologicalSorter(graph(NO_CYCLES))

    order.prepare()  # raises CycleError, which names the modules

    assert order.is_active()


def test_the_emulator_imports_only_schemas_rules_and_errors() -> None:
    """It must not share code with the client that it tests."""
    ours = {name for _, name in imports("emulator") if name.startswith(("resources.", "gcp."))}
    folders = {".".join(name.split(".")[:size]) for name in SHARED for size in (1, 2, 3)} - SHARED

    assert ours - folders != set()
    assert [name for name in ours - folders if not any(name == ok or name.startswith(f"{ok}.") for ok in SHARED)] == []


def test_no_module_has_a_name_of_the_standard_library() -> None:
    """The project's folder is first on the path of the provider process."""
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
    """`preview`, and commands that only read, import nothing heavy."""
    code = f"import sys, {module}; print(*(name for name in {heavy!r} if name in sys.modules))"

    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)

    assert done.stdout.split() == []
