"""Whatever is missing on a machine, the set-up fails with one clear line."""

from __future__ import annotations

import sys

import pytest

from tests.setup.checkout import Checkout, errors


def _only_error(checkout: Checkout, **variables: str) -> str:
    """The one error of a failing set-up."""
    result = checkout.run("tools/setup.sh", **variables)
    assert result.returncode != 0
    found = errors(result)
    assert len(found) == 1, result.stderr
    return found[0]


def test_git_is_required(checkout: Checkout) -> None:
    """Without git, the set-up fails before it makes anything."""
    assert "git is not on PATH" in _only_error(checkout)
    assert not (checkout.root / ".venv").exists()


def test_python_is_required(checkout: Checkout) -> None:
    """Without Python, the error names the supported versions."""
    checkout.program("git", "exit 0")
    error = _only_error(checkout)
    assert "needs 3.10 to 3.13" in error
    assert "python3 is not on PATH" in error


@pytest.mark.parametrize("version", [(3, 9), (3, 14), (2, 7)])
def test_an_unsupported_python_is_refused(checkout: Checkout, version: tuple[int, int]) -> None:
    """The error names the version of a Python that TensorFlow or this project does not support."""
    checkout.add_git_and_python()
    major, minor = version
    fake = f"import sys; sys.version_info = ({major}, {minor}); exec(sys.stdin.read())"
    checkout.program("python3", f'shift; exec "{sys.executable}" -c "{fake}" "$@"')
    error = _only_error(checkout)
    assert f"is Python {major}.{minor}" in error
    assert "make PYTHON=" in error


def test_a_python_without_venv_is_refused(checkout: Checkout) -> None:
    """The error names the package with the venv module."""
    checkout.add_git_and_python()
    fake = "import sys; sys.modules['ensurepip'] = None; exec(sys.stdin.read())"
    checkout.program("python3", f'shift; exec "{sys.executable}" -c "{fake}" "$@"')
    assert "apt-get install python3-venv" in _only_error(checkout)


def test_no_other_python_is_tried_if_python_is_set(checkout: Checkout) -> None:
    """A Python that the variable PYTHON names must exist."""
    checkout.add_git_and_python()
    assert "python3.99 is not on PATH" in _only_error(checkout, PYTHON="python3.99")


def test_too_little_disk_space_for_packages_is_an_error(checkout: Checkout) -> None:
    """The space is checked before the virtual environment is made."""
    checkout.add_git_and_python()
    checkout.program("df", r'printf "header\ndisk 9999 9000 700 99%% /\n"')
    error = _only_error(checkout)
    assert "no disk space for the virtual environment" in error
    assert "700 MB are free" in error
    assert not (checkout.root / ".venv").exists()


def test_a_cache_folder_that_cannot_be_made_is_an_error(checkout: Checkout) -> None:
    """The error names the variable that chooses another folder."""
    checkout.add_git_and_python()
    checkout.cache.parent.write_text("a file instead of the folder")
    assert "set XDG_CACHE_HOME" in _only_error(checkout)
