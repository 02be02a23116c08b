"""One chunk of an upload, and what comes in answer to it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from gcp import errors
from gcp.api import Api
from gcp.settings import Settings
from resources.storage.service import STORAGE
from resources.storage.transfer.uploads import Chunk
from tests.gcp.requests import DONE

ON_ITS_WAY = SimpleNamespace(resumable_progress=8)


class Session:
    """An upload that is under way, of which the next chunk is answered so."""

    uri = "http://127.0.0.1:1/upload/storage/v1/b/b/o?uploadType=resumable"

    def __init__(self, status: Any, body: Any) -> None:
        self.methodId, self.service = "storage.objects.insert", STORAGE
        self._answer = status, body

    def next_chunk(self, http: Any) -> tuple[Any, Any]:
        """Sends nothing."""
        return self._answer


def sent(status: Any, body: Any) -> Any:
    """What a call that sends one chunk returns."""
    return Api(Settings(endpoint="http://127.0.0.1:1", retry_seconds=0)).call(Chunk(Session(status, body)))


def test_a_chunk_is_taken_and_the_last_one_gives_the_object() -> None:
    """More is to come, or the object is there."""
    assert sent(ON_ITS_WAY, None) == (ON_ITS_WAY, None)
    assert sent(None, DONE) == (None, DONE)


@pytest.mark.parametrize("body", ["<html>", "", {}, {"status": "ok"}, [], None, {"name": 7}])
def test_what_is_no_object_does_not_end_an_upload(body: Any) -> None:
    """A proxy's page, or JSON of somebody else: nothing is believed to be there."""
    with pytest.raises(errors.EndpointUnreachable, match=r"no response of the API to storage\.objects\.insert"):
        sent(None, body)
