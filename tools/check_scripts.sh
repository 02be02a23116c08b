#!/usr/bin/env bash
# Checks the shell scripts if shellcheck is installed, which is not a Python package.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$root"

command -v shellcheck >/dev/null || { say "shellcheck is not on PATH: shell scripts were not checked" && exit; }
shellcheck local.env .ci/run tools/*.sh tools/pulumi/*.sh tools/pulumi/python
