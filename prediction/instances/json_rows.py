"""Rows of JSON: one value per line, one list, or a request body `{"instances": [...]}`."""

from __future__ import annotations

import itertools
import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from prediction.instances.row import INSTANCE, Row, file_error

_LINES_SUFFIXES = (".jsonl", ".ndjson")
_BETWEEN_ITEMS = re.compile(r"[\s,]*")
_ONE_VALUE = "a .jsonl file has one instance per line, so its JSON {} is one instance: to send its items, name it .json"
_TOO_MANY_DIGITS = "has a number with too many digits"
_TOO_DEEP = "is nested too deeply"


class _NotJson(ValueError):
    """A number that Python's parser accepts and JSON does not have; the text says which."""


def _parse_float(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise _NotJson(f"has a number that is too large: {text[:40]}")
    return number


def _reject_constant(text: str) -> float:
    raise _NotJson(f"is not valid JSON: it contains {text}")


_STRICT = json.JSONDecoder(parse_float=_parse_float, parse_constant=_reject_constant)


@dataclass(frozen=True)
class Document:
    """A JSON file that was parsed as a whole.

    Attributes:
        rows: the instances.
        signature_name: of a request body, if it has one.
        labels: the true label of each instance, if a request body has them.
    """

    rows: list[Row]
    signature_name: str | None = None
    labels: list[Any] = field(default_factory=list)


def is_json_lines(name: str) -> bool:
    """Whether a file's name says that each line is a value."""
    return Path(name).suffix.lower() in _LINES_SUFFIXES


def parse_document(text: str, name: str) -> Document | None:
    """A file that is one JSON value; None if it has a value per line.

    A list is a list of instances, an object with a list `instances` is a request body, and any other value is one
    instance. A `.jsonl` file always has a value per line.

    Raises:
        InvalidInput: it is not valid JSON; the error has the line and column.
    """
    if is_json_lines(name):
        return None
    if not text.strip():
        return Document([])
    try:
        value, is_strict = _loaded(text)
    except json.JSONDecodeError as error:
        if error.msg == "Extra data" or _is_broken_row(text, error):
            return None
        raise file_error(name, f"is not valid JSON: line {error.lineno}, column {error.colno}: {error.msg}") from None
    except RecursionError:
        raise file_error(name, _TOO_DEEP) from None
    except ValueError:
        raise file_error(name, _TOO_MANY_DIGITS) from None
    document = _document(value, text, name)
    return document if is_strict else replace(document, rows=list(_checked(document)))


def _loaded(text: str) -> tuple[Any, bool]:
    """The value of a text, and whether it is strict JSON: Python also accepts NaN and infinities."""
    try:
        return _STRICT.decode(text), True
    except _NotJson:
        return json.loads(text), False


def _checked(document: Document) -> Iterator[Row]:
    """The rows; a row gets an error if its value or label has a number that JSON does not have."""
    for row, label in itertools.zip_longest(document.rows, document.labels):
        number = next((each for each in _numbers([row.value, label]) if not math.isfinite(each)), None)
        yield row if number is None else replace(row, error=f"is not valid JSON: it contains {json.dumps(number)}")


def _numbers(value: Any) -> Iterator[float]:
    if isinstance(value, float):
        yield value
    elif isinstance(value, (list, Mapping)):
        for each in value.values() if isinstance(value, Mapping) else value:
            yield from _numbers(each)


def _document(value: Any, text: str, name: str) -> Document:
    if isinstance(value, list):
        return Document(list(_items(text, name)))
    if not isinstance(value, dict) or not isinstance(value.get("instances"), list):
        before = text[: len(text) - len(text.lstrip())]
        return Document([Row(name, 1 + before.count("\n"), value)])
    return _request_body(value, name)


def _is_broken_row(text: str, error: json.JSONDecodeError) -> bool:
    """Whether the error is in the first line and more lines follow: then each line is a value, and the first is wrong.

    Otherwise the text is a list or object that continues on the next line.
    """
    first, newline, rest = text.lstrip().partition("\n")
    end = len(text) - len(text.lstrip()) + len(first.rstrip())
    return bool(newline and rest.strip()) and error.pos < end


def _items(text: str, name: str) -> Iterator[Row]:
    """The items of a valid list, each with the line where it begins."""
    decoder, at, line = json.JSONDecoder(), text.index("[") + 1, 1
    line += text.count("\n", 0, at)
    while True:
        begin = _BETWEEN_ITEMS.match(text, at).end()  # type: ignore[union-attr]  # it also matches an empty text
        line += text.count("\n", at, begin)
        if text[begin] == "]":
            return
        value, at = decoder.raw_decode(text, begin)
        yield Row(name, line, value)
        line += text.count("\n", begin, at)


def _request_body(body: dict[str, Any], name: str) -> Document:
    count, labels = len(body["instances"]), body.get("labels", [])
    if not isinstance(labels, list) or (labels and len(labels) != count):
        raise file_error(name, f'"labels" must be a list of {count}, one for each instance')
    rows = [Row(name, index, value, unit=INSTANCE) for index, value in enumerate(body["instances"])]
    return Document(rows, body.get("signature_name"), labels)


def parse_line(text: str | bytes, name: str, number: int) -> Row:
    """The row of one line of a file; it has an error if the line is not valid JSON."""
    try:
        decoded = text if isinstance(text, str) else text.decode(json.detect_encoding(text), "surrogatepass")
        return Row(name, number, _STRICT.decode(decoded))
    except RecursionError:
        return Row(name, number, error=_TOO_DEEP)
    except UnicodeDecodeError as error:
        return Row(name, number, error=f"is not UTF-8: byte {error.start}")
    except json.JSONDecodeError as error:
        return Row(name, number, error=f"is not valid JSON: column {error.colno}: {error.msg}")
    except ValueError as error:
        return Row(name, number, error=str(error) if isinstance(error, _NotJson) else _TOO_MANY_DIGITS)


def single_line_hint(rows: Sequence[Row]) -> str:
    """Why a model may reject a `.jsonl` file: its only line holds many instances. Empty if that is not so.

    Args:
        rows: the first two rows of the file.
    """
    value = rows[0].value if len(rows) == 1 else None
    if isinstance(value, list):
        return _ONE_VALUE.format("list")
    is_body = isinstance(value, dict) and isinstance(value.get("instances"), list)
    return _ONE_VALUE.format('object {"instances": [...]}') if is_body else ""
