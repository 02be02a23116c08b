"""Fixtures for tests of the set-up."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.setup.checkout import Checkout


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """A checkout that is not set up, on a machine with only a shell."""
    return Checkout(tmp_path)


@pytest.fixture
def machine(checkout: Checkout) -> Checkout:
    """A checkout whose Python and uv record the steps: environments made, packages installed."""
    checkout.program("git", "exit 0")
    checkout.program("pulumi", f'echo "pulumi $*" >>"$HOME/steps"; {checkout.pulumi("3.300.0")}')
    checkout.program("pulumi-language-python", "exit 0")
    checkout.program(
        "python3",
        f"""case "$1 $2" in
        "-m venv") echo venv >>"$HOME/steps"; mkdir -p "$4/bin"; cp "$0" "$4/bin/python" ;;
        "-m pip") case "$3" in
            install) echo pip >>"$HOME/steps"; [ ! -e "$HOME/no-pip" ] && cp "$HOME/uv" "$(dirname "$0")/uv" ;;
            config) [ ! -e "$HOME/pip.conf" ] || cat "$HOME/pip.conf" ;;
            esac ;;
        *) exec "{sys.executable}" "$@" ;;
        esac""",
    )
    uv = checkout.root.parent / "uv"
    uv.write_text('#!/bin/sh\necho uv >>"$HOME/steps"; cat /proc/self/environ >"$HOME/given"; [ ! -e "$HOME/no-uv" ]\n')
    uv.chmod(0o755)
    return checkout
