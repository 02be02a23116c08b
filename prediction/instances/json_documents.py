"""JSON files: one value per line, one list, or a request body `{"instances": [...]}`."""

from __future__ import annotations

import itertools
import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from gcp import errors
from prediction.instances.row import INSTANCE, Row

_LINES = (".jsonl", ".ndjson")
_BETWEEN = re.compile(r"[\s,]*")
_ONE_VALUE = "a .jsonl file has one instance per line, so its JSON {} is one instance: to send its items, name it .json"
_DIGITS = "holds a number with too many digits"


class _NotJson(ValueError):
    """A number that Python's parser takes and JSON does not have; the text says which."""


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise _NotJson(f"holds {text[:40]}, which is too large for a number")
    return number


def _constant(text: str) -> float:
    raise _NotJson(f"is not valid JSON: it holds {text}")


_STRICT = json.JSONDecoder(parse_float=_finite, parse_constant=_constant)


@dataclass(frozen=True)
class Document:
    """A JSON file that was parsed as a whole.

    Attributes:
        rows: the instances.
        signature_name: of a request body, if it has one.
        labels: of a request body: the truth of each instance, if it has them.
    """

    rows: list[Row]
    signature_name: str | None = None
    labels: list[Any] = field(default_factory=list)


def holds_lines(name: str) -> bool:
    """Whether the name of a file says that each of its lines is a value, whatever is in it."""
    return Path(name).suffix.lower() in _LINES


def parse(text: str, name: str) -> Document | None:
    """A file that is one JSON value; None where it has a value per line.

    A list is a list of instances, an object with a list `instances` is a request body, and any other value is one
    instance. A file that `holds_lines` is never one value.

    Raises:
        InvalidInput: it is not valid JSON; with the line and column.
    """
    if holds_lines(name):
        return None
    if not text.strip():
        return Document([])
    try:
        found, is_strict = _loaded(text)
    except json.JSONDecodeError as error:
        if error.msg == "Extra data" or _is_broken_row(text, error):
            return None
        raise wrong(name, f"is not valid JSON: line {error.lineno}, column {error.colno}: {error.msg}") from None
    except RecursionError:
        raise wrong(name, "is nested too deeply") from None
    except ValueError:
        raise wrong(name, _DIGITS) from None
    document = _document(found, text, name)
    return document if is_strict else replace(document, rows=list(_checked(document)))


def _loaded(text: str) -> tuple[Any, bool]:
    """The value of a text, and whether it is JSON to the letter: Python also takes NaN and infinities."""
    try:
        return _STRICT.decode(text), True
    except _NotJson:
        return json.loads(text), False


def _checked(document: Document) -> Iterator[Row]:
    """The rows; one whose value or label holds a number that JSON does not have has an error."""
    for row, label in itertools.zip_longest(document.rows, document.labels):
        number = next((each for each in _numbers([row.value, label]) if not math.isfinite(each)), None)
        yield row if number is None else replace(row, error=f"is not valid JSON: it holds {json.dumps(number)}")


def _numbers(value: Any) -> Iterator[float]:
    if isinstance(value, float):
        yield value
    elif isinstance(value, (list, Mapping)):
        for each in value.values() if isinstance(value, Mapping) else value:
            yield from _numbers(each)


def _document(found: Any, text: str, name: str) -> Document:
    if isinstance(found, list):
        return Document(list(_items(text, name)))
    if not isinstance(found, dict) or not isinstance(found.get("instances"), list):
        before = text[: len(text) - len(text.lstrip())]
        return Document([Row(name, 1 + before.count("\n"), found)])
    return _body(found, name)


def _is_broken_row(text: str, error: json.JSONDecodeError) -> bool:
    """Whether the first line is broken by itself and others follow: not a list or object that continues on the next."""
    first, newline, rest = text.lstrip().partition("\n")
    end = len(text) - len(text.lstrip()) + len(first.rstrip())
    return bool(newline and rest.strip()) and error.pos < end


def _items(text: str, name: str) -> Iterator[Row]:
    """The items of a list that was found valid, each with the line where it begins."""
    decoder, at, line = json.JSONDecoder(), text.index("[") + 1, 1
    line += text.count("\n", 0, at)
    while True:
        begin = _BETWEEN.match(text, at).end()  # type: ignore[union-attr]  # it matches nothing, too
        line += text.count("\n", at, begin)
        if text[begin] == "]":
            return
        value, at = decoder.raw_decode(text, begin)
        yield Row(name, line, value)
        line += text.count("\n", begin, at)


def _body(found: dict[str, Any], name: str) -> Document:
    count, labels = len(found["instances"]), found.get("labels", [])
    if not isinstance(labels, list) or (labels and len(labels) != count):
        raise wrong(name, f'"labels" must be a list of {count}, one for each instance')
    rows = [Row(name, index, value, unit=INSTANCE) for index, value in enumerate(found["instances"])]
    return Document(rows, found.get("signature_name"), labels)


def line(text: str | bytes, name: str, number: int) -> Row:
    """The row of one line."""
    try:
        decoded = text if isinstance(text, str) else text.decode(json.detect_encoding(text), "surrogatepass")
        return Row(name, number, _STRICT.decode(decoded))
    except RecursionError:
        return Row(name, number, error="is nested too deeply")
    except UnicodeDecodeError as error:
        return Row(name, number, error=f"is not UTF-8: byte {error.start}")
    except json.JSONDecodeError as error:
        return Row(name, number, error=f"is not valid JSON: column {error.colno}: {error.msg}")
    except ValueError as error:
        return Row(name, number, error=str(error) if isinstance(error, _NotJson) else _DIGITS)


def hint(rows: Sequence[Row]) -> str:
    """What may be wrong with a file that `holds_lines`, where the model rejects its rows; empty if nothing is.

    Args:
        rows: the first two rows of the file.
    """
    value = rows[0].value if len(rows) == 1 else None
    if isinstance(value, list):
        return _ONE_VALUE.format("list")
    is_body = isinstance(value, dict) and isinstance(value.get("instances"), list)
    return _ONE_VALUE.format('object {"instances": [...]}') if is_body else ""


def wrong(name: str, reason: str) -> errors.InvalidInput:
    """The error of a file."""
    return errors.InvalidInput([(name, reason)])
