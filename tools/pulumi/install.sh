#!/usr/bin/env bash
# Provides the pulumi command: the one on PATH, or one in the user's cache folder linked into .venv, which comes from the
# vendor's installer or, if the vendor's site cannot be reached, is built from its Go modules.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

version=$(pinned pulumi)
oldest=3.208.0 # the first that takes every flag from the environment (PULUMI_OPTION_PARALLEL and its kin)
here=$root/tools/pulumi

# Prints the pulumi on PATH if it is recent and has its Python language host.
on_path() {
    local found has path=:$PATH:
    path=${path//":$venv/bin:"/:}
    found=$(PATH=$path type -P pulumi) || return 1
    has=$(PULUMI_SKIP_UPDATE_CHECK=true "$found" version) || has=
    if ! printf '%s\n' "$oldest" "${has#v}" | sort --check=quiet --version-sort; then
        say "$found is ${has:-broken}, older than v$oldest: not used"
    elif [[ ! -x $(dirname "$(readlink -f "$found")")/pulumi-language-python ]] && ! PATH=$path type -P pulumi-language-python >/dev/null; then
        say "$found has no pulumi-language-python beside it: not used"
    else
        printf '%s\n' "$found"
        return
    fi
    return 1
}

# Written from the installer's documentation, without access to its site: this function has never run successfully.
download() { # FOLDER
    command -v curl >/dev/null || return 1
    say "Fetching pulumi $version with the vendor's installer (get.pulumi.com)"
    curl -fsSL --connect-timeout 5 --max-time 60 -o "$1/install.sh" https://get.pulumi.com/install.sh || return 1
    timeout 600 sh "$1/install.sh" --version "$version" --install-root "$1/vendor" --no-edit-path >&2 || return 1
    mv "$1/vendor/bin" "$1/bin"
}

# Runs go in a module folder; on failure, the error has the last line of its output.
run_go() { # FOLDER ARGUMENT...
    local folder=$1 log
    shift
    log=$(mktemp)
    (cd "$here/$folder" && GOFLAGS='' GOWORK=off go "$@") 2>"$log" && rm -f "$log" && return
    fail "could not build pulumi from its Go modules: $(grep -v '^go: downloading' "$log" | tail -n 1) (go's whole output: $log)"
}

build() { # FOLDER
    local scripts bin=$1/bin
    command -v go >/dev/null || fail "no pulumi: none is on PATH, get.pulumi.com cannot be reached, and there is no Go to build it with." \
        "Install pulumi (https://www.pulumi.com/docs/install) or Go (https://go.dev/dl)"
    run_go engine version >/dev/null # fails where Go is too old for the module and may not fetch a newer one
    need_space "$(go env GOMODCACHE)" 1700 "the Go modules of pulumi"
    need_space "$(go env GOCACHE)" 2000 "building pulumi"
    say "Building pulumi $version from its Go modules, once for this user: about 4 minutes with 2 cores"
    mkdir "$bin"
    say "  1/3 the Python language host"
    run_go language build -mod=readonly -ldflags "-w -s" -o "$bin/" github.com/pulumi/pulumi/sdk/v3/python/cmd/pulumi-language-python
    say "  2/3 the engine"
    run_go engine build -mod=readonly -tags "osusergo grpcnotrace" -o "$bin/" \
        -ldflags "-w -s -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v$version" github.com/pulumi/pulumi/pkg/v3/cmd/pulumi
    say "  3/3 the scripts that start Python"
    scripts=$(run_go engine list -mod=readonly -m -f '{{.Dir}}' github.com/pulumi/pulumi/sdk/v3)
    install -m 755 "$scripts/python/cmd/pulumi-language-python-exec" "$scripts/python/dist/pulumi-resource-pulumi-python" "$bin/"
}

# Makes the cache folder in one step, so that it is complete or does not exist.
fill() { # CACHE
    lock
    [[ ! -x $1/pulumi ]] || return 0 # another run was faster
    work=$(mktemp -d -- "$1.XXXXXX")
    trap 'rm -rf -- "$work"' EXIT
    need_space "$work" 200 "the pulumi command"
    download "$work" || build "$work"
    [[ $("$work/bin/pulumi" version) == "v$version" ]] || fail "the pulumi that was just installed does not run: $work"
    mv -T "$work/bin" "$1"
}

if found=$(on_path); then
    find "$venv/bin" -maxdepth 1 -name 'pulumi*' -type l -delete # links of an earlier run would come first
    exit
fi
cache=$(cache_folder)/pulumi-$version
[[ -x $cache/pulumi ]] || fill "$cache"
[[ $venv/bin/pulumi -ef $cache/pulumi ]] || ln -sf "$cache"/pulumi* "$venv/bin/"
