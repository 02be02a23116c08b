#!/usr/bin/env bash
# Destroys the local stack and stops the emulator, if they exist. Runs in a shell with local.env.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$root"

if [[ ! -d .local ]]; then
    say "Nothing is up."
    exit
fi
[[ -x $venv/bin/python ]] || fail "the stack cannot be destroyed without .venv: run \"make setup\", then \"make down\" (\"make clean\" removes its state)"
left=""
if has_local_stack && ! python -m tools.local_state empty; then
    python -m emulator up --restart # the stack's resources are in there
    python -m tools.recovery destroy || left=yes
fi
python -m emulator down
[[ -z $left ]] || fail "the stack was not destroyed: see above (\"make clean\" removes it with all its data)"
