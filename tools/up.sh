#!/usr/bin/env bash
# Deploys a local stack from whatever state it is in, and shows a prediction of each model.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$root"
source local.env

python -m emulator up --restart # first: a port that is taken is found before the training
python -m models build --stack "$PULUMI_STACK"
python -m tools.recovery up
for model in $(pulumi stack output models --json | python -c 'import json, sys; print(*json.load(sys.stdin))'); do
    python -m prediction "$model"
done
