"""Requests that nobody sends."""

from __future__ import annotations

import json
from typing import Any

import httplib2
from googleapiclient.errors import HttpError

from resources.ml.service import ML
from resources.storage.service import STORAGE
from resources.vertex.service import VERTEX

DONE = {"name": "x"}
"""An answer that is about one thing."""


class Request:
    """A request of google-api-python-client that answers from a list: an error's code, an exception, or an answer."""

    uri = "http://127.0.0.1:1/v1/x"

    def __init__(
        self,
        *answers: Any,
        method: str = "GET",
        headers: dict[str, str] | None = None,
        id_: str | None = "ml.x.get",
    ) -> None:
        self.answers, self.method, self.headers = list(answers), method, headers or {}
        self.methodId = id_
        self.service = {"ml": ML, "aiplatform": VERTEX}.get((id_ or "").partition(".")[0], STORAGE)

    def execute(self, http: Any) -> Any:
        """The next answer."""
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, int):
            content = json.dumps({"error": {"message": "why"}}).encode()
            raise HttpError(httplib2.Response({"status": str(answer), **self.headers}), content)
        return answer
