"""Instances from a file: a JSON list, a request body `{"instances": [...]}`, or one JSON value per line."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from resources import errors


@dataclass(frozen=True)
class Given:
    """What a file holds. `signature_name` and `labels` (what is true of each instance) are a body's, if it has them."""

    instances: list[Any]
    signature_name: str | None = None
    labels: list[Any] = field(default_factory=list)


def read(source: str) -> Given:
    """The instances of a file, or of standard input for `-`.

    Raises:
        InvalidInput: it cannot be read, is no JSON, or holds no instances; with the place in it.
    """
    name = "standard input" if source == "-" else source
    try:
        content = sys.stdin.buffer.read() if source == "-" else Path(source).read_bytes()
        text = content.decode("utf-8-sig")
    except OSError as error:
        raise _wrong(name, f"cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise _wrong(name, f"is no UTF-8 text: byte {error.start}") from None
    given = _parse(text, name)
    if not given.instances:
        raise _wrong(name, "holds no instances")
    return given


def _parse(text: str, name: str) -> Given:
    try:
        document = json.loads(text) if text.strip() else []
    except json.JSONDecodeError as error:
        if error.msg == "Extra data":  # one value is whole, and another one follows
            return Given(_lines(text, name))
        raise _wrong(name, f"is no JSON: line {error.lineno}, column {error.colno}: {error.msg}") from None
    except RecursionError:
        raise _wrong(name, "is nested too deeply") from None
    if isinstance(document, list):
        return Given(document)
    if not isinstance(document, dict) or not isinstance(document.get("instances"), list):
        return Given([document])
    labels = document.get("labels", [])
    if not isinstance(labels, list) or (labels and len(labels) != len(document["instances"])):
        raise _wrong(name, f'has "labels" that are no list of {len(document["instances"])}, one for each instance')
    return Given(document["instances"], document.get("signature_name"), labels)


def _lines(text: str, name: str) -> list[Any]:
    instances = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            instances.append(json.loads(line))
        except (json.JSONDecodeError, RecursionError) as error:
            raise _wrong(name, f"line {number} is no JSON: {error}; one instance per line, or one list") from None
    return instances


def _wrong(name: str, reason: str) -> errors.InvalidInput:
    return errors.InvalidInput([(name, reason)])
