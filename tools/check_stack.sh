#!/usr/bin/env bash
# Fails if the shell or Pulumi.local.yaml points at anything but a local stack on this machine: make works on no other.
# Without the packages of .venv the endpoint cannot be read and is not checked.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

[[ " ${local_stacks[*]} " == *" ${PULUMI_STACK-local} "* ]] ||
    fail "the stack is \"$PULUMI_STACK\" (STACK, or PULUMI_STACK), but make works on ${local_stacks[0]} and ${local_stacks[1]} only: leave it out, or run pulumi directly"
[[ ${PULUMI_BACKEND_URL-file://$root/.local/state} == "file://$root/.local/state" ]] ||
    fail "PULUMI_BACKEND_URL is \"$PULUMI_BACKEND_URL\", and make keeps its state in .local/state: unset it, or run pulumi itself"
for name in PULUMI_OPTION_STACK PULUMI_OPTION_CWD; do
    [[ -z ${!name-} ]] || fail "$name is set, but make works on the stacks ${local_stacks[0]} and ${local_stacks[1]} only: unset it, or run pulumi directly"
done
if [[ -x $venv/bin/python ]]; then
    code=0
    reason=$(cd "$root" && "$venv/bin/python" -m tools.local_pulumi --check 2>/dev/null) || code=$?
    [[ $code != 3 ]] || fail "$reason"
fi
