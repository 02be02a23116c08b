#!/usr/bin/env bash
# Stops the emulator and removes all that make made in this folder. The stack needs no destroy before: its state and what
# it describes are both in .local.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$root"

if [[ -d .local/emulator && -x $venv/bin/python ]]; then
    python -m emulator down || fail "the emulator could not be stopped, so nothing was removed: the reason stands above"
fi
rm -rf .venv .local build .pytest_cache .mypy_cache .ruff_cache .hypothesis
find . -name __pycache__ -type d -prune -exec rm -rf {} +
