"""The input digest covers all inputs of a build, and is the same everywhere."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from models.artifacts.input_digest import input_digest, sources
from models.core.errors import ModelsError
from models.core.registry import complete, load_recipe
from tests.running import BOUND

SCRIPT = """
import sys
from pathlib import Path
root = Path(sys.argv[1])
sys.path.insert(0, str(root))
from models.artifacts.input_digest import input_digest
from models.core.registry import complete, load_recipe
recipe = load_recipe("fashion_mnist", root)
digest = input_digest("fashion_mnist", recipe, complete("fashion_mnist", recipe, {"width": 256}), root)
print(digest, *(sorted({"tensorflow", "numpy", "yaml", "pulumi"} & set(sys.modules))))
"""


def digest_of(name: str, root: Path, **parameters: object) -> str:
    """The input digest of the current code in `root`."""
    recipe = load_recipe(name, root)
    return input_digest(name, recipe, complete(name, recipe, parameters), root)


def pythons() -> list[str]:
    """This Python, and those of 3.10 to 3.14 on PATH that run."""
    others = [path for minor in range(10, 15) if (path := shutil.which(f"python3.{minor}"))]
    return [sys.executable, *(path for path in others if subprocess.run([path, "-c", ""], check=False).returncode == 0)]


def test_same_on_every_python(checkout: Path) -> None:
    """The digest is the same on each Python, with only the standard library and without the data."""
    expected = digest_of("fashion_mnist", checkout, width=256)
    (checkout / "models" / "data" / "fashion-mnist-sample").unlink()

    for python in pythons():
        command = [python, "-I", "-S", "-B", "-c", SCRIPT, str(checkout)]
        found = subprocess.run(command, capture_output=True, text=True, timeout=BOUND, check=False)
        assert (python, f"{expected}\n", "") == (python, found.stdout, found.stderr)


def test_sources(checkout: Path) -> None:
    """The digest covers the recipe, the exporter and their imports, but not command line, display and cards."""
    assert sources("heart_disease", checkout) == [
        "models/core/__init__.py",
        "models/core/errors.py",
        "models/core/export.py",
        "models/core/recipe.py",
        "models/data/__init__.py",
        "models/data/files.py",
        "models/data/table.py",
        "models/heart_disease.py",
    ]


@pytest.mark.parametrize(
    ("statement", "path"),
    [
        ("import models.extra.deep", "models/extra/deep.py"),
        ("import models.extra.deep as other", "models/extra/__init__.py"),
        ("from models.extra import deep", "models/extra/deep.py"),
        ("from models.extra.deep import anything", "models/extra/deep.py"),
        ("from .extra import deep", "models/extra/deep.py"),
        ("from . import extra", "models/extra/__init__.py"),
        ("def f():\n    from models.extra import deep", "models/extra/deep.py"),
        ("from models import resolve", "models/__init__.py"),
    ],
)
def test_imports(checkout: Path, statement: str, path: str) -> None:
    """Every form of import is found, also in functions."""
    extra = checkout / "models" / "extra"
    extra.mkdir()
    (extra / "__init__.py").touch()
    (extra / "deep.py").touch()
    (checkout / "models" / "line.py").write_text(statement, encoding="utf-8")

    assert path in sources("line", checkout)


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("models/heart_disease.py", "LEARNING_RATE = 0.01", "LEARNING_RATE = 0.02"),
        ("models/heart_disease.py", "# one more place is for unknown texts", "# a comment"),
        ("models/data/table.py", "Reads a CSV file", "Reads a CSV  file"),
        ("models/core/export.py", "keras.utils.set_random_seed", "keras.utils.set_random_seed "),
        ("models/data/SHA256SUMS", "  heart.csv", "0  heart.csv"),
        ("requirements.txt", "tensorflow==", "tensorflow==0."),
        ("requirements.txt", "keras==", "keras==0."),
    ],
)
def test_covers(checkout: Path, path: str, old: str, new: str) -> None:
    """Changing the recipe, its imports, the exporter, its data or a pinned version changes the digest."""
    before = digest_of("heart_disease", checkout)
    _replace(checkout / path, old, new)

    assert before != digest_of("heart_disease", checkout)


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("models/heart_disease.py", "\n", "\r\n"),
        ("models/fashion_mnist.py", "BATCH = 64", "BATCH = 65"),
        ("models/commands/build_command.py", "examples:", "some examples:"),
        ("models/data/SHA256SUMS", "  fashion-mnist/t10k", "0  fashion-mnist/t10k"),
        ("requirements.txt", "PyYAML==", "PyYAML==0."),
    ],
)
def test_does_not_cover(checkout: Path, path: str, old: str, new: str) -> None:
    """Line ends, other recipes, other data, other packages and the command line do not change the digest."""
    before = digest_of("heart_disease", checkout)
    _replace(checkout / path, old, new)

    assert before == digest_of("heart_disease", checkout)


def test_parameters(checkout: Path) -> None:
    """Each parameter changes the digest; a default gives the same digest whether it is given or not."""
    default = digest_of("heart_disease", checkout)

    assert default == digest_of("heart_disease", checkout, width=16)
    assert (
        len({default, digest_of("heart_disease", checkout, width=17), digest_of("heart_disease", checkout, seed=2)})
        == 3
    )


@pytest.mark.parametrize(
    ("path", "old", "new", "said"),
    [
        ("requirements.txt", "keras==", "keras>=", "keras==VERSION"),
        ("requirements.txt", "tensorflow==", "# tensorflow==", "tensorflow==VERSION"),
        ("models/data/SHA256SUMS", "heart.csv", "lungs.csv", "heart.csv has no checksum"),
    ],
)
def test_missing(checkout: Path, path: str, old: str, new: str, said: str) -> None:
    """A missing pin or checksum is an error that names it."""
    _replace(checkout / path, old, new)

    with pytest.raises(ModelsError, match=said):
        digest_of("heart_disease", checkout)


def _replace(path: Path, old: str, new: str) -> None:
    content = path.read_bytes()
    assert old.encode() in content
    path.write_bytes(content.replace(old.encode(), new.encode()))
