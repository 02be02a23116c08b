"""`python -m prediction`: imports at start, usage, and choice of the endpoint."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from gcp import errors
from prediction import settings
from tests.prediction.deployment import run
from tests.prediction.wire import Wire
from tests.running import ROOT

_HEAVY = {"googleapiclient", "matplotlib", "numpy", "pulumi", "tensorflow"}


def test_help_is_cheap() -> None:
    """Neither --help nor the package imports slow modules."""
    script = (
        "import sys, contextlib, prediction.__main__\n"
        "with contextlib.suppress(SystemExit): prediction.__main__.main(['--help'])\n"
        "print('\\n', *{name.partition('.')[0] for name in sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)

    assert "prediction" in done.stdout.splitlines()[-1].split()
    assert _HEAVY.isdisjoint(done.stdout.splitlines()[-1].split())


def test_help() -> None:
    """The help has examples and exit codes."""
    done = run("--help")

    assert done.returncode == 0
    assert "python -m prediction fashion_mnist" in done.stdout
    assert "exit codes:" in done.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["m", "--count", "0"],
        ["m", "--count", "x"],
        ["m", "--plot", "x.txt"],
        ["m", "--count", "2", "--instances", "-"],
        ["m", "--stack", "local", "--project", "p"],
        ["m", "--nothing"],
    ],
)
def test_wrong_usage(arguments: list[str]) -> None:
    """Wrong usage gives exit code 2 and no traceback."""
    done = run(*arguments)

    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_endpoint_is_down() -> None:
    """If the endpoint is down, one line says what to do."""
    done = run("m", "--project", "p", "--endpoint", "http://127.0.0.1:1")

    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "python -m emulator up" in done.stderr


def _stack(folder: Path, name: str, **config: object) -> None:
    # JSON is YAML.
    keys = {
        "project": "gcp:project",
        "region": "gcp:region",
        "endpoint": "tf2-models:endpoint",
        "retry": "tf2-models:retrySeconds",
    }
    document = {"config": {keys[key]: value for key, value in config.items()}}
    (folder / f"Pulumi.{name}.yaml").write_text(json.dumps(document), encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "environment", "project"),
    [
        ([], {}, "of-local"),
        ([], {"PULUMI_STACK": "prod"}, "of-prod"),
        (["--stack", "prod"], {"PULUMI_STACK": "local"}, "of-prod"),
        (["--stack", "organisation/tf2-models/prod"], {}, "of-prod"),
        (["--project", "mine"], {}, "mine"),
    ],
)
def test_stack(wire: Wire, tmp_path: Path, arguments: list[str], environment: dict[str, str], project: str) -> None:
    """The stack file gives the endpoint, unless a project is named."""
    _stack(tmp_path, "local", project="of-local", endpoint=wire.endpoint)
    _stack(tmp_path, "prod", project="of-prod", endpoint=wire.endpoint)
    endpoint = ["--endpoint", wire.endpoint] if "--project" in arguments else []

    done = run("m", *arguments, *endpoint, "--instances", "-", "--json", given="[1]", cwd=tmp_path, env=environment)

    assert (done.stdout, done.stderr) == ('{"predictions": [1]}\n', "")
    assert wire.requests[0][0].startswith(f"/v1/projects/{project}/models/m:predict")


def test_endpoint_of_the_environment(wire: Wire, tmp_path: Path) -> None:
    """TF2_MODELS_ENDPOINT overrides the stack's endpoint, and --endpoint overrides both."""
    _stack(tmp_path, "local", project="p", endpoint="http://127.0.0.1:1")
    ask, variable = ["m", "--instances", "-", "--json"], "TF2_MODELS_ENDPOINT"

    assert run(*ask, given="[1]", cwd=tmp_path, env={variable: wire.endpoint}).returncode == 0
    assert (
        run(
            *ask, "--endpoint", wire.endpoint, given="[1]", cwd=tmp_path, env={variable: "http://127.0.0.1:1"}
        ).returncode
        == 0
    )
    assert len(wire.predicts) == 2


def test_local_stack_without_an_endpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The local stack's default is this machine, any other stack's is Google."""
    monkeypatch.delenv("TF2_MODELS_ENDPOINT", raising=False)
    for name in ("local", "prod"):
        _stack(tmp_path, name, project="p", region="us-east1")

    def url(stack: str) -> str:
        return settings.target(stack=stack, project=None, endpoint=None, region=None, folder=tmp_path).url

    assert url("local") == url("organization/tf2-models/local") == "http://127.0.0.1:8470"
    assert url("prod") == "https://ml.googleapis.com"


@pytest.mark.parametrize("endpoint", ["global", "https://ml.example.com"])
def test_a_local_stack_on_another_machine(wire: Wire, tmp_path: Path, endpoint: str) -> None:
    """For the local stack, another machine is rejected in the environment and the file, but not as an option."""
    _stack(tmp_path, "local", project="p", endpoint=wire.endpoint)
    _stack(tmp_path, "prod", project="p", endpoint=wire.endpoint)
    ask, reason = ["m", "--instances", "-", "--json"], ": must be http://127.0.0.1:PORT"

    refused = run(*ask, given="[1]", cwd=tmp_path, env={"TF2_MODELS_ENDPOINT": endpoint})
    given = run(*ask, "--endpoint", wire.endpoint, given="[1]", cwd=tmp_path, env={"TF2_MODELS_ENDPOINT": endpoint})
    _stack(tmp_path, "local", project="p", endpoint=endpoint)
    in_file = run(*ask, given="[1]", cwd=tmp_path)

    assert (refused.returncode, given.returncode, in_file.returncode) == (2, 0, 2)
    assert refused.stderr.startswith(f"error: TF2_MODELS_ENDPOINT{reason}")
    assert in_file.stderr.startswith(f"error: tf2-models:endpoint in Pulumi.local.yaml{reason}")
    assert len(wire.predicts) == 1


def test_region(tmp_path: Path) -> None:
    """A stack's region alone does not make the endpoint regional; `--region` does."""
    _stack(tmp_path, "global", project="p", region="us-east1")
    _stack(tmp_path, "regional", project="p", region="us-east1", endpoint="regional")

    def url(stack: str | None, project: str | None, region: str | None = None) -> str:
        return settings.target(stack=stack, project=project, endpoint=None, region=region, folder=tmp_path).url

    assert url("global", None) == "https://ml.googleapis.com"
    assert url("regional", None) == "https://us-east1-ml.googleapis.com"
    assert url("regional", None, "us-west1") == "https://us-west1-ml.googleapis.com"
    assert url(None, "p", "us-west1") == "https://us-west1-ml.googleapis.com"
    assert url(None, "p") == "https://ml.googleapis.com"


def test_retry_time(tmp_path: Path) -> None:
    """Retries take as long as the stack says; the default is short."""
    _stack(tmp_path, "patient", project="p", retry=12.5)
    _stack(tmp_path, "plain", project="p")

    def seconds(stack: str | None, project: str | None = None) -> float:
        found = settings.target(stack=stack, project=project, endpoint=None, region=None, folder=tmp_path)
        return found.settings.retry_seconds

    assert (seconds("patient"), seconds("plain"), seconds(None, "p")) == (12.5, 5, 5)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (None, "the stacks here are other"),
        ("config: [", "cannot be read"),
        ("config:\n  gcp:region: x\n", "gcp:project is missing"),
        ("just text", "gcp:project is missing"),
        ("config:\n  gcp:project: {secure: abc}\n", "not plain text"),
        ("config:\n  gcp:project: p\n  tf2-models:endpoint: regional\n", "must be http://127.0.0.1:PORT"),
        ("config:\n  gcp:project: p\n  tf2-models:retrySeconds: long\n", "retrySeconds must be"),
        ("config:\n  gcp:project: p\n  tf2-models:retrySeconds: .nan\n", "retrySeconds must be"),
    ],
)
def test_wrong_stack_files(tmp_path: Path, text: str | None, says: str) -> None:
    """A wrong stack file is rejected with the key or the file."""
    _stack(tmp_path, "other", project="p")
    if text is not None:
        (tmp_path / "Pulumi.local.yaml").write_text(text, encoding="utf-8")

    with pytest.raises(errors.InvalidInput, match=says):
        settings.target(stack=None, project=None, endpoint=None, region=None, folder=tmp_path)
