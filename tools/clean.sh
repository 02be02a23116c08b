#!/usr/bin/env bash
# Stops the emulator and removes everything that make made in this folder. The local stack need not be destroyed first: its
# state and its resources are both in .local. If another stack has resources, which are elsewhere, nothing is removed.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$root"

own=()
for stack in "${local_stacks[@]}"; do own+=(! -path ".local/state/.pulumi/stacks/$(project)/$stack.json*"); done
if [[ -n $(find .local/state/.pulumi/stacks -name '*.json*' "${own[@]}" 2>/dev/null) ]]; then
    [[ -x $venv/bin/python ]] || fail "nothing was removed: .local/state holds other stacks, and reading them needs .venv: run \"make setup\""
    empty=yes
    others=$("$venv/bin/python" -m tools.local_state alone) || empty=""
    [[ -n $empty ]] && title="Stacks in .local/state beside the local one, which are removed with it:" || title="Other stacks in .local/state:"
    [[ -z $others ]] || say "$title"$'\n'"$others"
    [[ -n $empty ]] || fail "nothing was removed: .local/state is the only record of the resources of the stacks above"
fi
if [[ -d .local/emulator && -x $venv/bin/python ]]; then
    python -m emulator down || fail "the emulator could not be stopped, so nothing was removed: see above"
fi
rm -rf .venv .local build .pytest_cache .mypy_cache .ruff_cache .hypothesis
find . -name __pycache__ -type d -prune -exec rm -rf {} +
