"""Where the `pulumi` command comes from: PATH, the vendor's installer, or its Go modules."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.setup.checkout import ROOT, Checkout, errors, pinned

VERSION = pinned("pulumi")
INSTALL = "tools/pulumi/install.sh"
OFFLINE = "echo 'curl: (6) Could not resolve host' >&2; exit 6"
PROGRAMS = {"pulumi", "pulumi-language-python", "pulumi-language-python-exec", "pulumi-resource-pulumi-python"}


@pytest.fixture
def machine(checkout: Checkout) -> Checkout:
    """A checkout with a virtual environment, on a machine without network, Go and pulumi."""
    (checkout.root / ".venv" / "bin").mkdir(parents=True)
    checkout.program("curl", OFFLINE)
    return checkout


def _linked(machine: Checkout) -> dict[str, Path]:
    """Program in the virtual environment -> the folder that it links to."""
    return {path.name: path.resolve().parent for path in (machine.root / ".venv" / "bin").iterdir()}


def _add_installer(machine: Checkout, version: str = VERSION) -> None:
    """Make curl fetch an installer that records its arguments and installs this version of pulumi."""
    installer = machine.root / "installer"
    installer.write_text(
        'echo "$@" >>"$HOME/arguments"; while [ "$1" != --install-root ]; do shift; done\n'
        'mkdir -p "$2/bin"; cd "$2/bin"\n'
        f"for name in {' '.join(sorted(PROGRAMS))}; do\n"
        f"printf '#!/bin/sh\\necho v{version}\\n' >$name; chmod +x $name; done\n"
    )
    machine.program("curl", f'while [ "$1" != -o ]; do shift; done; cp "{installer}" "$2"')


def _add_go(machine: Checkout, *, build: str = "", version: str = "exit 0") -> None:
    """Put a fake Go on PATH that "builds" the two programs and has the two scripts in a module folder."""
    sdk = machine.root.parent / "sdk" / "python"
    for name in ("cmd/pulumi-language-python-exec", "dist/pulumi-resource-pulumi-python"):
        (sdk / name).parent.mkdir(parents=True)
        (sdk / name).write_text("#!/bin/sh\n")
    machine.program(
        "go",
        f"""case $1 in
        version) {version} ;;
        env) echo "$HOME" ;;
        list) echo "{sdk.parent}" ;;
        build)
            echo "$PWD" >>"$HOME/builds"; {build}
            while [ "$1" != -o ]; do shift; done; mkdir -p "$2"; shift $(($# - 1)); out=${{1##*/}}
            for folder in "$XDG_CACHE_HOME"/tf2-models/*/bin; do
                printf '#!/bin/sh\\necho v{VERSION}\\n' >"$folder/$out"; chmod +x "$folder/$out"
            done ;;
        esac""",
    )


def test_a_recent_pulumi_on_path_is_used(machine: Checkout) -> None:
    """Nothing is installed or linked."""
    machine.program("pulumi", machine.pulumi("3.300.0"))
    machine.program("pulumi-language-python", "exit 0")
    result = machine.run(INSTALL)
    assert (result.returncode, result.stderr) == (0, "")
    assert _linked(machine) == {}
    assert not machine.cache.exists()


def test_a_pulumi_on_path_replaces_earlier_links(machine: Checkout) -> None:
    """Links of an earlier set-up are removed, so that they do not hide a pulumi that the user installed later."""
    _add_installer(machine)
    assert machine.run(INSTALL).returncode == 0
    machine.program("pulumi", machine.pulumi("3.300.0"))
    machine.program("pulumi-language-python", "exit 0")
    assert machine.run(INSTALL).returncode == 0
    assert _linked(machine) == {}


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ('echo "v3.100.0"', "is v3.100.0, older than v3.208.0"),
        ("exit 1", "is broken"),
        (f'echo "v{VERSION}"', "has no pulumi-language-python"),
    ],
)
def test_an_unusable_pulumi_on_path_is_ignored(machine: Checkout, script: str, reason: str) -> None:
    """One that is too old, broken or without its language host is not used, and a line gives the reason."""
    machine.program("pulumi", script)
    _add_installer(machine)
    result = machine.run(INSTALL)
    assert result.returncode == 0
    assert reason in result.stderr
    assert _linked(machine) == dict.fromkeys(PROGRAMS, machine.cache / f"pulumi-{VERSION}")


def test_the_vendors_installer_gets_the_pinned_version(machine: Checkout) -> None:
    """It installs to a separate folder and does not change the user's PATH."""
    _add_installer(machine)
    assert machine.run(INSTALL).returncode == 0
    arguments = (machine.root.parent / "arguments").read_text().split()
    assert arguments[:2] == ["--version", VERSION]
    assert "--no-edit-path" in arguments
    assert _linked(machine) == dict.fromkeys(PROGRAMS, machine.cache / f"pulumi-{VERSION}")
    assert {path.name for path in machine.cache.iterdir()} == {"lock", f"pulumi-{VERSION}"}


def test_a_second_run_uses_the_cache(machine: Checkout) -> None:
    """It links the programs of the cache folder, also for other checkouts, without output or download."""
    _add_installer(machine)
    assert machine.run(INSTALL).returncode == 0
    machine.program("curl", OFFLINE)
    for link in (machine.root / ".venv" / "bin").iterdir():
        link.unlink()
    result = machine.run(INSTALL)
    assert (result.returncode, result.stderr) == (0, "")
    assert set(_linked(machine)) == PROGRAMS


def test_a_wrong_version_is_not_cached(machine: Checkout) -> None:
    """A program that reports another version than the pinned one is an error."""
    _add_installer(machine, "3.1.0")
    result = machine.run(INSTALL)
    assert result.returncode != 0
    assert len(errors(result)) == 1
    assert {path.name for path in machine.cache.iterdir()} == {"lock"}


def test_without_network_and_go_an_error_says_what_to_install(machine: Checkout) -> None:
    """The error is one line."""
    result = machine.run(INSTALL)
    assert result.returncode != 0
    (error,) = errors(result)
    assert "there is no Go to build it with" in error
    assert _linked(machine) == {}


def test_go_builds_pulumi_without_the_vendors_site(machine: Checkout) -> None:
    """Go builds each program in its module folder, and two scripts come from a module."""
    _add_go(machine)
    result = machine.run(INSTALL)
    assert result.returncode == 0, result.stderr
    builds = (machine.root.parent / "builds").read_text().splitlines()
    assert builds == [str(machine.root / "tools" / "pulumi" / name) for name in ("language", "engine")]
    assert _linked(machine) == dict.fromkeys(PROGRAMS, machine.cache / f"pulumi-{VERSION}")


@pytest.mark.parametrize(
    ("go", "reason"),
    [
        ({"version": "echo 'go: go.mod requires go >= 1.25' >&2; exit 1"}, "go.mod requires go >= 1.25"),
        ({"build": "echo 'dial tcp: no route to host' >&2; exit 1"}, "no route to host"),
    ],
)
def test_a_failing_go_is_reported_with_its_reason(machine: Checkout, go: dict[str, str], reason: str) -> None:
    """If Go is too old or cannot fetch modules, the error has Go's own reason, and no partial build stays."""
    _add_go(machine, **go)
    result = machine.run(INSTALL)
    assert result.returncode != 0
    (error,) = errors(result)
    assert reason in error
    assert {path.name for path in machine.cache.iterdir()} == {"lock"}


def test_too_little_disk_space_for_the_build_is_an_error(machine: Checkout) -> None:
    """The space is checked before Go fetches a module."""
    _add_go(machine)
    machine.program("df", r'printf "header\ndisk 9999 9000 300 99%% /\n"')
    result = machine.run(INSTALL)
    assert result.returncode != 0
    (error,) = errors(result)
    assert "no disk space" in error
    assert not (machine.root.parent / "builds").exists()


def test_engine_module_has_the_pinned_version() -> None:
    """The engine's Go module and requirements.txt name the same version."""
    requirement = f"github.com/pulumi/pulumi/pkg/v3 v{VERSION}\n"
    assert requirement in (ROOT / "tools" / "pulumi" / "engine" / "go.mod").read_text()


def test_scripts_parse_and_stop_at_errors() -> None:
    """Every script of the set-up sets `-euo pipefail`."""
    scripts = [path for path in (ROOT / "tools").rglob("*.sh") if path.name != "lib.sh"]
    assert scripts
    for script in scripts:
        assert subprocess.run(["bash", "-n", str(script)], check=False).returncode == 0
        assert "\nset -euo pipefail\n" in script.read_text(), script
