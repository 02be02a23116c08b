# shellcheck shell=bash
# Sourced by the other scripts: paths, messages and helpers.

# shellcheck disable=SC2034 # used by the scripts that source this file
{
    root=$(CDPATH='' cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)
    venv=$root/.venv
    local_stacks=(local vertex) # in this checkout's state, on its emulator
    python_oldest=10 # minor versions of Python 3: below, the project's syntax; above, TensorFlow's wheels
    python_newest=13
}

say() {
    printf '%s\n' "$*" >&2
}

fail() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

# The version that the requirements pin for a package.
pinned() { # PACKAGE
    sed -nE "s/^$1==([^; ]+).*/\1/p" "$root/requirements.txt" "$root/requirements-dev.txt" | head -n 1
}

# The name of this checkout's project.
project() {
    sed -n 's/^name: //p' "$root/Pulumi.yaml"
}

# Whether a local stack exists.
has_stack() { # STACK
    local file
    file=$root/.local/state/.pulumi/stacks/$(project)/$1.json
    [[ -e $file || -e $file.gz ]]
}

# The user's cache folder, shared by all checkouts.
cache_folder() {
    [[ -n ${XDG_CACHE_HOME-} || -n ${HOME-} ]] || fail "neither HOME nor XDG_CACHE_HOME is set: set one of them, which determines the cache folder"
    printf '%s\n' "${XDG_CACHE_HOME:-$HOME/.cache}/tf2-models"
}

# Ends the script if the disk of a folder has too little space for a step.
need_space() { # FOLDER MEGABYTES STEP
    local folder=$1 free
    while [[ ! -d $folder ]]; do folder=$(dirname -- "$folder"); done
    free=$(df -Pm -- "$folder" | awk 'NR == 2 { print $4 }')
    ((free >= $2)) || fail "no disk space for $3: $2 MB are needed in $folder, $free MB are free"
}

# Waits until no other set-up of any checkout runs; the lock ends with the script.
lock() {
    local folder
    folder=$(cache_folder)
    mkdir -p -- "$folder" || fail "cannot make the cache folder $folder: set XDG_CACHE_HOME to a folder that you can write to"
    exec 9>"$folder/lock"
    flock --nonblock 9 && return
    say "Waiting for another set-up to end (it holds $folder/lock)"
    flock 9
}
