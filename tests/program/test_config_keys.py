"""What a wrong key of a stack file, or a wrong endpoint, tells, and what it does not."""

from __future__ import annotations

import pytest

from resources import config, errors
from tests.program.test_config import MODELS, resolve, stack, wrong


def test_the_keys_that_are_told_are_those_that_may_be_written() -> None:
    """Those of the program's own among them; what the program sets itself is not."""
    with pytest.raises(errors.InvalidInput) as refused:
        config.read(stack(wrong({"size": 1})), resolve)

    [(_, reason)] = refused.value.failures
    told = set(reason.partition("the keys are ")[2].split(", "))
    assert told > {"artifact", "parameters", "allowNewerTensorFlow", "machineType", "labels"}
    assert told.isdisjoint({"deploymentUri", "model", "name", "owner", "project", "secrets"})


@pytest.mark.parametrize(
    "endpoint",
    ["https://joe:hunter2@example.com", "http://joe:hunter2@127.0.0.1:1", "https://example.com/?key=hunter2"],
)
def test_a_wrong_endpoint_does_not_tell_its_password(endpoint: str) -> None:
    """Nor the key of its query: the message goes into the logs of whoever deploys."""
    with pytest.raises(errors.InvalidInput) as refused:
        config.read(stack(MODELS, endpoint=endpoint), resolve)

    assert "tf2-models:endpoint: must be global, regional or a URL, https://HOST:PORT" in str(refused.value)
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("host", ["ml..example.com", f"{'a' * 64}.com", "..", "ex ample.com", "a\x00b", "\ud800.com"])
def test_an_endpoint_whose_host_cannot_be_is_refused(host: str) -> None:
    """A dot too many, say: nobody could even look for it."""
    with pytest.raises(errors.InvalidInput, match="endpoint: must be global, regional or a URL"):
        config.read(stack(MODELS, endpoint=f"https://{host}"), resolve)
