#!/usr/bin/env bash
# Destroys the local stacks and stops the emulator, if they exist. Runs in a shell with local.env.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$root"

if [[ ! -d .local ]]; then
    say "Nothing is up."
    exit
fi
[[ -x $venv/bin/python ]] || fail "the stacks cannot be destroyed without .venv: run \"make setup\", then \"make down\" (\"make clean\" removes its state)"
left=""
for stack in "${local_stacks[@]}"; do
    if has_stack "$stack" && ! python -m tools.local_state empty "$stack"; then
        python -m emulator up --restart # the stack's resources are in there
        python -m tools.recovery destroy --stack "$stack" || left="$left $stack"
    fi
done
python -m emulator down
[[ -z $left ]] || fail "not destroyed:$left: see above (\"make clean\" removes it with all its data)"
