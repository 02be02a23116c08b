"""Predictions asked of a serving layer, with answers as the clients of `ml` get them."""

from __future__ import annotations

import json
from typing import Any

from emulator.core.predictions import Answer
from emulator.ml import prediction_envelope
from emulator.serving import Serving


def parsed(answer: Answer) -> Any:
    """The body that the API makes of a node's answer."""
    return json.loads(b"".join(prediction_envelope.body(*answer)))


async def ask(serving: Serving, instances: Any, **more: Any) -> Any:
    """The parsed answer of the model "k"; `more` are further fields of the request."""
    return parsed(await serving.predict("k", json.dumps({"instances": instances, **more}).encode()))
