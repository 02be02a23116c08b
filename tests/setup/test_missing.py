"""Each thing that the set-up misses on a machine is one clear line and a non-zero exit."""

from __future__ import annotations

import sys

import pytest

from tests.setup.checkout import Checkout, errors


def _only_error(checkout: Checkout, **variables: str) -> str:
    """The one error of a set-up that fails."""
    result = checkout.run("tools/setup.sh", **variables)
    assert result.returncode != 0
    found = errors(result)
    assert len(found) == 1, result.stderr
    return found[0]


def test_no_git(checkout: Checkout) -> None:
    """Without git, the set-up ends before it makes anything."""
    assert "git is not on PATH" in _only_error(checkout)
    assert not (checkout.root / ".venv").exists()


def test_no_python(checkout: Checkout) -> None:
    """Without any Python, the error says which ones would do."""
    checkout.program("git", "exit 0")
    error = _only_error(checkout)
    assert "needs 3.10 to 3.13" in error
    assert "python3 is not on PATH" in error


@pytest.mark.parametrize("version", [(3, 9), (3, 14), (2, 7)])
def test_wrong_python(checkout: Checkout, version: tuple[int, int]) -> None:
    """A Python that TensorFlow or this project does not run on is named, with its version."""
    checkout.fit_for_setup()
    major, minor = version
    fake = f"import sys; sys.version_info = ({major}, {minor}); exec(sys.stdin.read())"
    checkout.program("python3", f'shift; exec "{sys.executable}" -c "{fake}" "$@"')
    error = _only_error(checkout)
    assert f"is Python {major}.{minor}" in error
    assert "make PYTHON=" in error


def test_python_without_venv(checkout: Checkout) -> None:
    """A Python without the venv module is named, with the package that brings it."""
    checkout.fit_for_setup()
    fake = "import sys; sys.modules['ensurepip'] = None; exec(sys.stdin.read())"
    checkout.program("python3", f'shift; exec "{sys.executable}" -c "{fake}" "$@"')
    assert "apt-get install python3-venv" in _only_error(checkout)


def test_named_python_missing(checkout: Checkout) -> None:
    """A Python named by PYTHON is the only one tried."""
    checkout.fit_for_setup()
    assert "python3.99 is not on PATH" in _only_error(checkout, PYTHON="python3.99")


def test_no_disk_for_packages(checkout: Checkout) -> None:
    """Too little free space is found before the virtual environment is made."""
    checkout.fit_for_setup()
    checkout.program("df", r'printf "header\ndisk 9999 9000 700 99%% /\n"')
    error = _only_error(checkout)
    assert "no disk space for the virtual environment" in error
    assert "700 MB are free" in error
    assert not (checkout.root / ".venv").exists()


def test_cache_folder_not_writable(checkout: Checkout) -> None:
    """A cache folder that cannot be made is named, with the variable that moves it."""
    checkout.fit_for_setup()
    checkout.cache.parent.write_text("a file stands where the folder belongs")
    assert "set XDG_CACHE_HOME" in _only_error(checkout)
