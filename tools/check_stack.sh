#!/usr/bin/env bash
# Fails if the shell or Pulumi.local.yaml points at anything but the local stack on this machine, the only one that make
# works on. Without the packages of .venv the endpoint cannot be read and is not checked.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

[[ ${PULUMI_STACK-local} == local ]] ||
    fail "PULUMI_STACK is \"$PULUMI_STACK\", but make works on the stack \"local\" only: unset it, or run pulumi directly"
[[ ${PULUMI_BACKEND_URL-file://$root/.local/state} == "file://$root/.local/state" ]] ||
    fail "PULUMI_BACKEND_URL is \"$PULUMI_BACKEND_URL\", and make keeps its state in .local/state: unset it, or run pulumi itself"
for name in PULUMI_OPTION_STACK PULUMI_OPTION_CWD; do
    [[ -z ${!name-} ]] || fail "$name is set, but make works on the stack \"local\" only: unset it, or run pulumi directly"
done
if [[ -x $venv/bin/python ]]; then
    code=0
    reason=$(cd "$root" && "$venv/bin/python" -m tools.local_pulumi --check 2>/dev/null) || code=$?
    [[ $code != 3 ]] || fail "$reason"
fi
