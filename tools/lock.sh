#!/usr/bin/env bash
# Writes constraints.txt: the versions of all indirect requirements, for every supported Python.
# Run it after a change of a requirement.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$root"

named=()
while read -r name; do # these have their versions in the requirements already
    named+=(--no-emit-package "$name")
done < <(sed -nE 's/^([A-Za-z0-9_.-]+)==.*/\1/p' requirements.txt requirements-dev.txt | sort -u)
{
    echo '# Written by "make lock"; do not edit. The versions of what the packages in the requirements need in turn.'
    "$venv/bin/uv" pip compile --quiet --universal --python-version "3.$python_oldest" --no-header --no-annotate "${named[@]}" \
        requirements.txt requirements-dev.txt
} >constraints.txt.new
mv constraints.txt.new constraints.txt
