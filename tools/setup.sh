#!/usr/bin/env bash
# Makes what the commands of the Makefile need, and skips what exists: the virtual environment with the
# pinned packages, the pulumi command, and the local stack's state. PYTHON names the Python of the environment.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$root"

requirements=(requirements.txt requirements-dev.txt constraints.txt)
stamp=$venv/.setup # written last: its first line is where the environment was made, its second what is in it

# Prints why a Python cannot be used, or nothing.
unfit() { # PYTHON
    "$1" - "$python_oldest" "$python_newest" 2>/dev/null <<'EOF' || echo "$1 does not run"
import sys
oldest, newest = map(int, sys.argv[1:])
version = sys.version_info
if version[0] != 3 or not oldest <= version[1] <= newest:
    print(f"{sys.executable} is Python {version[0]}.{version[1]}")
    sys.exit()
try:
    import ensurepip, venv
except ImportError:
    print(f"{sys.executable} lacks the venv module (Debian and Ubuntu: apt-get install python3-venv)")
EOF
}

# Prints the first usable Python.
find_python() {
    local candidate reason reasons=()
    local candidates=("${PYTHON:-python3}")
    [[ -n ${PYTHON-} ]] || for ((minor = python_newest; minor >= python_oldest; minor--)); do candidates+=("python3.$minor"); done
    for candidate in "${candidates[@]}"; do
        command -v "$candidate" >/dev/null || continue
        reason=$(unfit "$candidate")
        [[ -n $reason ]] || { command -v "$candidate" && return; }
        reasons+=("$reason")
    done
    fail "no usable Python: TensorFlow $(pinned tensorflow) needs 3.$python_oldest to 3.$python_newest, and" \
        "${reasons[0]:-${PYTHON:-python3} is not on PATH}. Name another: make PYTHON=/path/to/python3.$python_newest setup"
}

wanted() {
    printf '%s\n' "$root"
    sha256sum "${requirements[@]}" | sha256sum
}

is_made() {
    [[ -f $stamp && $(<"$stamp") == "$(wanted)" ]] && "$venv/bin/python" -c '' 2>/dev/null
}

# Without a stamp of this folder, the existing environment is incomplete or was moved, so it is made again.
make_venv() {
    local python
    [[ -f $stamp && $(head -n 1 "$stamp") == "$root" ]] && "$venv/bin/python" -m pip --version >/dev/null 2>&1 && return
    python=$(find_python)
    need_space "$root" 3200 "the virtual environment"
    say "Making the virtual environment .venv with $("$python" --version) ($python)"
    "$python" -m venv --clear "$venv" || fail "$python could not make the virtual environment .venv: see above"
}

# uv is much faster than pip, and links files that another checkout already has.
install_packages() {
    local uv quiet=(--quiet)
    uv=uv==$(pinned uv)
    [[ -t 2 ]] && quiet=()
    say "Installing TensorFlow and the other packages into .venv: 3 GB, up to 3 minutes the first time"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input "$uv" >&2 ||
        fail "pip could not install $uv: see above (usually no network to the package index)"
    take_over_pip_settings
    "$venv/bin/uv" pip install "${quiet[@]}" --python "$venv/bin/python" \
        -r requirements.txt -r requirements-dev.txt -c constraints.txt >&2 ||
        fail "uv could not install requirements.txt: see above (usually no network to the package index)"
    wanted >"$stamp"
}

# Exports pip's settings for package sources, since uv does not read pip's settings.
take_over_pip_settings() {
    local settings pair name value
    settings=$("$venv/bin/python" -m pip config list 2>/dev/null) || return 0
    for pair in UV_DEFAULT_INDEX=index-url UV_INDEX=extra-index-url UV_FIND_LINKS=find-links SSL_CERT_FILE=cert; do
        value=$(sed -nE "s/^[^.]*\.${pair#*=}='(.*)'$/\1/p" <<<"$settings" | head -n 1)
        name=${pair%%=*}
        [[ -z $value || -n ${!name-} ]] || export "$name=$value"
    done
}

# With an existing stack, plain "pulumi up" asks no question. A shell with another backend or stack does not make it.
make_stack() {
    local stack=${PULUMI_STACK-local}
    tools/check_stack.sh 2>/dev/null && ! has_stack "$stack" || return 0
    source local.env
    mkdir -p .local/state
    pulumi stack init --non-interactive --no-select "$stack" >/dev/null || fail "pulumi could not make the stack $stack: see above"
}

command -v git >/dev/null || fail "git is not on PATH: install it (Debian and Ubuntu: apt-get install git)"
is_made || (
    lock
    is_made || { # unless another run was faster
        make_venv
        install_packages
    }
)
tools/pulumi/install.sh
make_stack
