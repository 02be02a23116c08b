"""Responses to predictions: the node's predictions in the API's envelope, or as the container returns them."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

import orjson

from emulator.core.predictions import PREDICTIONS, Answer
from emulator.rest import error_body
from emulator.rest.fast_predict import Rendered
from emulator.vertex.resource_json import deployed_key
from gcp import errors

_JSON = {"content-type": "application/json; charset=UTF-8"}
_BEGIN, _END = b'{"predictions":', b"}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Server:
    """A deployed model that serves predictions.

    Attributes:
        key: its full name.
        share: share of the requests, in percent.
        tail: bytes that `predict` writes after the predictions.
        headers: headers of the response to `rawPredict`.
    """

    key: str
    share: int
    tail: bytes
    headers: dict[str, str]

    @classmethod
    def of(cls, row: sqlite3.Row, share: int, model: str, display_name: str) -> Server:
        """Creates it from a row.

        Args:
            row: the deployed model's row.
            share: see above.
            model: full name of its model, without a version.
            display_name: display name of the model.
        """
        named = {
            "deployedModelId": row["id"],
            "model": model,
            "modelDisplayName": display_name,
            "modelVersionId": str(row["version"]),
        }
        headers = {
            **_JSON,
            "x-vertex-ai-endpoint-id": row["endpoint"],
            "x-vertex-ai-deployed-model-id": row["id"],
            "x-vertex-ai-model": model,
            "x-vertex-ai-model-version-id": str(row["version"]),
        }
        return cls(key=deployed_key(row), share=share, tail=b"," + orjson.dumps(named)[1:], headers=headers)


def predicted(server: Server, answer: Answer) -> Rendered:
    """The response of `predict`. An error of the model becomes 400, with the container's body as the message."""
    if answer.kind == PREDICTIONS:
        return 200, _JSON, (_BEGIN, answer.content, server.tail)
    error = errors.InvalidArgument(_refused(answer).decode())
    return error.code, _JSON, (orjson.dumps(error_body.canonical(error)),)


def raw(server: Server, answer: Answer) -> Rendered:
    """The response of `rawPredict`: what TensorFlow Serving answers."""
    if answer.kind == PREDICTIONS:
        return 200, server.headers, (_BEGIN, answer.content, _END)
    return 400, server.headers, (_refused(answer),)


def _refused(answer: Answer) -> bytes:
    return orjson.dumps({"error": answer.content.decode()})
