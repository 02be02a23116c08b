#!/usr/bin/env bash
# Ends with an error where the shell points at a stack of the user's own: what make does is for the local stack alone.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

[[ ${PULUMI_STACK-local} == local ]] ||
    fail "PULUMI_STACK is \"$PULUMI_STACK\", and make works on the stack \"local\" alone: unset it, or run pulumi itself"
[[ ${PULUMI_BACKEND_URL-file://$root/.local/state} == "file://$root/.local/state" ]] ||
    fail "PULUMI_BACKEND_URL is \"$PULUMI_BACKEND_URL\", and make keeps its state in .local/state: unset it, or run pulumi itself"
