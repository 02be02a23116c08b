"""Random requests and command lines: responses have the API's shape, and no command prints a traceback."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import httplib2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.properties.values import JSON, mutated
from tests.running import BOUND, ROOT, RunningEmulator

MODEL = {"name": "m", "description": "d", "regions": ["us-central1"], "labels": {"a": "b"}}
VERSION = {
    "name": "v1",
    "deploymentUri": "gs://none/folder",
    "runtimeVersion": "2.11",
    "pythonVersion": "3.7",
    "machineType": "n1-standard-2",
    "autoScaling": {"minNodes": 1, "metrics": [{"name": "CPU_USAGE", "target": 60}]},
    "labels": {"a": "b"},
}
BUCKET = {"name": "a-bucket", "location": "us-central1", "labels": {"a": "b"}, "lifecycle": {"rule": []}}
CALLS: dict[str, tuple[str, str, Any]] = {
    "new model": ("POST", "/v1/projects/{project}/models", MODEL),
    "patched model": ("PATCH", "/v1/projects/{project}/models/m?updateMask=description,labels", MODEL),
    "new version": ("POST", "/v1/projects/{project}/models/m/versions", VERSION),
    "prediction": ("POST", "/v1/projects/{project}/models/m:predict", {"instances": [1]}),
    "new bucket": ("POST", "/storage/v1/b?project={project}", BUCKET),
    "patched bucket": ("PATCH", "/storage/v1/b/fixed-bucket", BUCKET),
}
TEXTS = st.text(st.characters(blacklist_characters="\0", blacklist_categories=["Cs"]), max_size=12)
WORDS = st.one_of(
    TEXTS, st.sampled_from(["list", "--set", "--stack", "--instances", "--data", "a=b", "-h", "no/where"])
)


@pytest.mark.parametrize("call", CALLS)
@given(data=st.data())
def test_every_response_has_the_apis_shape(
    emulator: RunningEmulator, project: str, call: str, data: st.DataObject
) -> None:
    """The status is 200, or a 4xx with a message; never a 5xx."""
    verb, path, body = CALLS[call]
    sent = data.draw(st.one_of(mutated([body]), JSON))
    http = httplib2.Http(timeout=BOUND)
    answer, content = http.request(emulator.endpoint + path.format(project=project), verb, json.dumps(sent))
    http.close()

    found = json.loads(content)
    assert answer.status == 200 or 400 <= answer.status < 500, content
    if answer.status != 200:
        assert found["error"]["code"] == answer.status
        assert found["error"]["message"]


@pytest.mark.parametrize("module", ["models", "prediction", "emulator"])
@settings(max_examples=4)
@given(
    words=st.lists(
        st.one_of(TEXTS, st.sampled_from(["build", "list", "up", "--set", "--stack", "a=b", "-h"])), max_size=4
    ).filter(lambda words: words not in (["build"], ["up"]))  # these are valid, and would change this checkout
)
def test_any_arguments_end_without_a_traceback(module: str, words: list[str]) -> None:
    """A failing command prints an error; its exit code is 1 or 2."""
    done = subprocess.run(
        [sys.executable, "-m", module, *words], cwd=ROOT, capture_output=True, text=True, timeout=BOUND, check=False
    )

    assert "Traceback" not in done.stderr
    assert done.returncode in (0, 1, 2)
    assert done.returncode == 0 or done.stderr.strip()
